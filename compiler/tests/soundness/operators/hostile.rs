//! No bytes make the graph panic, hang or allocate more than they are worth.

use crate::support::{file, file_node, int64s, sized};
use candor_compiler::graph::{Graph, Options, read_tensor};
use candor_compiler::tensor::Tensor;
use rten_onnx::onnx::{AttributeProto, DataType, NodeProto, TensorProto};
use std::fs;
use std::path::PathBuf;

/// Numbers that never change: SplitMix64.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len());
            match self.below(4) {
                0 => bytes[at] = self.below(256) as u8,
                1 => bytes[at] ^= 1 << self.below(8),
                2 => drop(bytes.remove(at)),
                _ => bytes.insert(at, self.below(256) as u8),
            }
        }
    }
}

fn ints(mut node: NodeProto, name: &str, values: &[i64]) -> NodeProto {
    node.attribute.push(AttributeProto {
        name: Some(name.into()),
        ints: values.to_vec(),
        ..Default::default()
    });
    node
}

fn int(mut node: NodeProto, name: &str, value: i64) -> NodeProto {
    node.attribute.push(AttributeProto { name: Some(name.into()), i: Some(value), ..Default::default() });
    node
}

fn floats(name: &str, dims: &[i64]) -> TensorProto {
    let count = dims.iter().product::<i64>() as usize;
    TensorProto {
        name: Some(name.into()),
        dims: dims.to_vec(),
        data_type: Some(DataType::FLOAT),
        raw_data: Some([0, 0, 0x80, 0x3f].repeat(count).into()),
        ..Default::default()
    }
}

/// A small file that uses most families.
fn sample() -> Vec<u8> {
    let node = file_node;
    let nodes = vec![
        ints(ints(node("Conv", &["x", "w"], &["a"]), "pads", &[1, 1, 1, 1]), "strides", &[1, 1]),
        ints(node("MaxPool", &["a"], &["b"]), "kernel_shape", &[2, 2]),
        node("Pad", &["b", "pads"], &["c"]),
        ints(node("Transpose", &["c"], &["d"]), "perm", &[0, 2, 3, 1]),
        node("Slice", &["d", "starts", "ends", "axes", "steps"], &["e"]),
        node("Reshape", &["e", "shape"], &["f"]),
        node("MatMul", &["f", "m"], &["g"]),
        node("ReduceSum", &["g", "axis"], &["h"]),
        int(node("Concat", &["g", "h"], &["i"]), "axis", -1),
        node("Tile", &["i", "repeats"], &["j"]),
        node("Expand", &["j", "larger"], &["k"]),
        int(node("Gather", &["k", "axis"], &["l"]), "axis", 1),
        node("ConstantOfShape", &["larger"], &["n"]),
        node("Add", &["k", "n"], &["o"]),
        node("Resize", &["x", "", "scales"], &["p"]),
        node("CumSum", &["o", "one"], &["q"]),
        node("Trilu", &["q", "one"], &["r"]),
        int(node("Softmax", &["r"], &["s"]), "axis", 1),
        node("Sum", &["s", "l"], &["y"]),
    ];
    let tensors = vec![
        floats("w", &[2, 1, 2, 2]),
        floats("m", &[2, 2]),
        floats("scales", &[4]),
        int64s("pads", &[0, 0, 0, 0, 0, 0, 1, 1]),
        int64s("starts", &[0]),
        int64s("ends", &[4]),
        int64s("axes", &[1]),
        int64s("steps", &[2]),
        int64s("shape", &[-1, 2]),
        int64s("axis", &[1]),
        int64s("repeats", &[1, 1]),
        int64s("larger", &[2, 1, 3]),
        int64s("one", &[1]),
    ];
    file(17, vec![sized("x", &[1, 1, 4, 4])], &["y", "p"], nodes, tensors)
}

fn read(bytes: &[u8]) -> Option<Graph> {
    Graph::read(bytes, &Options::default()).ok()
}

#[test]
fn mutated_files_never_panic() {
    let (bytes, mut numbers, mut accepted) = (sample(), Numbers(7), 0);
    for _ in 0..1500 {
        let mut bytes = bytes.clone();
        numbers.mutate(&mut bytes);
        accepted += usize::from(read(&bytes).is_some());
    }
    // Names and numbers may change without harm.
    assert!((50..1450).contains(&accepted), "{accepted}");
}

#[test]
fn every_prefix_is_refused_or_evaluates() {
    let bytes = sample();
    for length in 0..bytes.len() {
        if let Some(graph) = read(&bytes[..length]) {
            let inputs: Vec<Tensor> = graph
                .inputs()
                .iter()
                .map(|&index| {
                    let shape = &graph.values()[index].shape;
                    Tensor::float(shape, &vec![1.0; shape.iter().product()]).unwrap()
                })
                .collect();
            assert!(graph.evaluate(&inputs).is_ok(), "{length}");
        }
    }
}

#[test]
fn mutated_fixtures_and_tensors_never_panic() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/models");
    let mut numbers = Numbers(8);
    for name in ["residual", "reshape_zero", "constant_nodes"] {
        let model = fs::read(folder.join(format!("{name}.onnx"))).unwrap();
        assert!(read(&model).is_some(), "{name}");
        for _ in 0..300 {
            let mut bytes = model.clone();
            numbers.mutate(&mut bytes);
            let _ = read(&bytes);
        }
    }
    let tensor = [0x08, 2, 0x08, 1, 0x10, 1, 0x4a, 8, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40];
    assert!(read_tensor(&tensor).is_ok());
    for _ in 0..5000 {
        let mut bytes = tensor.to_vec();
        numbers.mutate(&mut bytes);
        let _ = read_tensor(&bytes);
    }
}
