use crate::support::{counting, f, i, int, ints, node, refused, text};
use candor_compiler::graph::{Attribute, Node};
use candor_compiler::onnx::Cause;
use candor_compiler::tensor::Tensor;

#[test]
fn values_that_mean_nothing_are_refused_with_what_works() {
    let x = counting(&[1, 1, 2, 2]);
    let w = f(&[1, 1, 1, 1], &[1.0]);
    let empty = f(&[0], &[]);
    let one = f(&[4], &[1.0; 4]);
    let value = |node: Node, inputs: &[&Tensor], name: &str| match refused(&node, inputs) {
        Cause::AttributeValue { attribute, supported, .. } => {
            assert_eq!(attribute, name);
            assert!(!supported.is_empty());
        }
        other => panic!("{other:?}"),
    };
    value(node("Gelu").with("approximate", text("exact")), &[&x], "approximate");
    value(node("BitShift").with("direction", text("UP")), &[&i(&[1], &[1]), &i(&[1], &[1])], "direction");
    value(node("Transpose").with("perm", ints(&[0])), &[&x], "perm");
    value(node("DepthToSpace").with("blocksize", int(0)), &[&x], "blocksize");
    value(node("DepthToSpace").with("blocksize", int(1)).with("mode", text("ABC")), &[&x], "mode");
    value(node("Cast").with("to", int(8)), &[&x], "to");
    value(node("Cast").with("to", int(14)), &[&x], "to");
    value(node("EyeLike").with("dtype", int(8)), &[&counting(&[1, 1])], "dtype");
    value(node("Split").with("num_outputs", int(3)), &[&x], "num_outputs");
    value(node("Pad").with("mode", text("mirror")), &[&counting(&[1]), &i(&[2], &[1, 0])], "mode");
    value(node("Einsum").with("equation", text("ij->k")), &[&counting(&[2, 2])], "equation");
    value(node("Einsum").with("equation", text("i,i->i")), &[&counting(&[2])], "equation");
    value(node("Einsum").with("equation", text("ij->ii")), &[&counting(&[2, 2])], "equation");
    value(node("Conv").with("group", int(0)), &[&x, &w], "group");
    value(node("Conv").with("strides", ints(&[0, 1])), &[&x, &w], "strides");
    value(node("Conv").with("pads", ints(&[-1, 0, 0, 0])), &[&x, &w], "pads");
    value(node("Conv").with("auto_pad", text("SAME")), &[&x, &w], "auto_pad");
    value(node("ConvTranspose").with("auto_pad", text("SAME")), &[&x, &w], "auto_pad");
    value(node("ConvTranspose").with("output_padding", ints(&[1])), &[&x, &w], "output_padding");
    value(node("LpPool").with("kernel_shape", ints(&[1, 1])).with("p", int(0)), &[&x], "p");
    value(node("LpNormalization").with("p", int(3)), &[&x], "p");
    value(node("LRN").with("size", int(0)), &[&x], "size");
    let (scale, bias) = (f(&[1], &[1.0]), f(&[1], &[0.0]));
    value(node("GroupNormalization").with("num_groups", int(2)), &[&x, &scale, &bias], "num_groups");
    let batch = [&x, &scale, &bias, &bias, &scale];
    value(node("BatchNormalization").with("training_mode", int(1)), &batch, "training_mode");
    value(Node::new("BatchNormalization", 8).with("spatial", int(0)), &batch, "spatial");
    value(node("GatherND").with("batch_dims", int(-1)), &[&x, &i(&[1, 1], &[0])], "batch_dims");
    let scatter = node("ScatterElements").with("reduction", text("mean"));
    value(scatter, &[&counting(&[1]), &i(&[1], &[0]), &counting(&[1])], "reduction");
    for (name, wrong) in
        [("mode", "quadratic"), ("nearest_mode", "round"), ("coordinate_transformation_mode", "half")]
    {
        value(node("Resize").with(name, text(wrong)), &[&x, &empty, &one], name);
    }
    let sizes = i(&[4], &[1; 4]);
    let policy = node("Resize").with("keep_aspect_ratio_policy", text("fit"));
    value(policy, &[&x, &empty, &empty, &sizes], "keep_aspect_ratio_policy");
}

#[test]
fn attributes_that_are_missing_unknown_or_of_another_type() {
    let x = counting(&[2]);
    let missing = |name: &str| Cause::AttributeMissing { attribute: name.into() };
    assert_eq!(refused(&node("Concat"), &[&x]), missing("axis"));
    assert_eq!(refused(&node("Cast"), &[&x]), missing("to"));
    assert_eq!(refused(&node("Einsum"), &[&x]), missing("equation"));
    assert_eq!(refused(&node("MaxPool"), &[&counting(&[1, 1, 1])]), missing("kernel_shape"));
    assert_eq!(refused(&Node::new("Unsqueeze", 11), &[&x]), missing("axes"));
    let unknown = Cause::Attribute { attribute: "colour".into() };
    assert_eq!(refused(&node("Relu").with("colour", int(1)), &[&x]), unknown);
    let wrong = |expected| Cause::AttributeType { attribute: "axis".into(), expected };
    assert_eq!(refused(&node("Concat").with("axis", Attribute::Float(0.0)), &[&x]), wrong("INT"));
    let alpha = Cause::AttributeType { attribute: "alpha".into(), expected: "FLOAT" };
    assert_eq!(refused(&node("Elu").with("alpha", int(1)), &[&x]), alpha);
    let several = node("Constant").with("value_int", int(1)).with("value_float", Attribute::Float(1.0));
    let one = Cause::AttributeType { attribute: "value".into(), expected: "TENSOR (exactly one value)" };
    assert_eq!(refused(&several, &[]), one);
}

#[test]
fn axes_as_an_attribute_end_where_the_input_begins() {
    let x = counting(&[2]);
    let attribute = Cause::Attribute { attribute: "axes".into() };
    assert_eq!(refused(&Node::new("ReduceSum", 13).with("axes", ints(&[0])), &[&x]), attribute);
    assert_eq!(refused(&Node::new("ReduceMean", 18).with("axes", ints(&[0])), &[&x]), attribute);
    let count = Cause::InputCount { got: 2, minimum: 1, maximum: 1 };
    assert_eq!(refused(&Node::new("ReduceSum", 12), &[&x, &i(&[1], &[0])]), count);
    assert_eq!(refused(&Node::new("ReduceMean", 17), &[&x, &i(&[1], &[0])]), count);
    assert_eq!(refused(&Node::new("Squeeze", 12), &[&x, &i(&[1], &[0])]), count);
}

#[test]
fn operators_domains_versions_and_counts() {
    let x = counting(&[2]);
    assert_eq!(refused(&node("Teleport"), &[&x]), Cause::Operator);
    let domain = Cause::Domain { domain: "com.example".into() };
    assert_eq!(refused(&node("Relu").in_domain("com.example"), &[&x]), domain);
    let version = Cause::OperatorVersion { got: 16, since: 17, until: 28 };
    assert_eq!(refused(&Node::new("LayerNormalization", 16), &[&x, &x]), version);
    assert_eq!(refused(&node("Add"), &[&x]), Cause::InputCount { got: 1, minimum: 2, maximum: 2 });
    let outputs = Cause::OutputRange { got: 2, minimum: 1, maximum: 1 };
    assert_eq!(refused(&node("Relu").with_outputs(2), &[&x]), outputs);
    // Both ways to write ONNX's own domain.
    assert!(candor_compiler::operator::evaluate(&node("Relu").in_domain("ai.onnx"), &[Some(&x)]).is_ok());
}
