//! Terms whose labels or views do not fit: each defect exactly, each limit at its end and one beyond.

use crate::sample::{self, Summand, linear, operand, product, weighted, window};
use candor_program::class::{Group, Stride, TensorId, TermClass};
use candor_program::interval::{ProgramError, TermDefect};
use candor_program::limits;
use candor_program::operator::Rescale;

const RESCALE: Rescale = Rescale { multiplier: 1, low: 0 };

fn axis(label: u8) -> Group {
    Group::Axis { label }
}

/// Of an input of 4 by 6: pairs of neighbours in a row added up, 3 of 4.
fn pooled() -> Summand {
    let pairs = window(&[6], (0, 1), &[(1, 3, 2), (2, 2, 1)]);
    linear(5, operand(0, vec![axis(0), pairs]), &[2])
}

/// Of an input of 4 by 6: every row times a matrix of 3 by 6.
fn mixed() -> Summand {
    weighted(&[1], operand(0, vec![axis(0), axis(2)]), &[6])
}

/// Of an input of 4 by 6: every row times the first three.
fn squared() -> Summand {
    let rows =
        Group::Listed { extents: vec![4, 6], labels: vec![(1, 3), (2, 6)], indices: (0..18).collect() };
    product(2, operand(0, vec![axis(0), axis(2)]), operand(0, vec![rows]), &[6])
}

fn all() -> [Summand; 3] {
    [pooled(), mixed(), squared()]
}

/// Validates a program whose first operator has 4 by 3 values and this term.
fn validated(term: Summand) -> Result<(), ProgramError> {
    over(&[4, 3], term)
}

fn over(axes: &[u32], term: Summand) -> Result<(), ProgramError> {
    let first = sample::affine(axes, vec![term], RESCALE);
    let last = sample::affine(
        &[1],
        vec![sample::weighted(&[0], operand(0, vec![axis(1), axis(2)]), &[4, 6])],
        RESCALE,
    );
    let program = sample::program_of(&[4, 6], vec![first, last]);
    program.card.validate()?;
    // What a card accepts can be planned, run and bounded.
    program.validate()
}

fn defect(term: Summand) -> TermDefect {
    match validated(term) {
        Err(ProgramError::Term { operator: 0, term: 0, defect }) => defect,
        other => panic!("{other:?}"),
    }
}

fn changed(mut term: Summand, change: impl FnOnce(&mut Summand)) -> Summand {
    change(&mut term);
    term
}

/// The groups of a term's first operand.
fn groups(term: &mut Summand) -> &mut Vec<Group> {
    match &mut term.0 {
        TermClass::Linear { operand, .. } | TermClass::Weighted { operand, .. } => &mut operand.groups,
        TermClass::Product { left, .. } => &mut left.groups,
    }
}

fn second(term: &mut Summand) -> &mut Vec<Group> {
    match &mut term.0 {
        TermClass::Product { right, .. } => &mut right.groups,
        _ => panic!("one operand"),
    }
}

fn padded(term: &mut Summand) -> &mut Vec<u8> {
    match &mut term.0 {
        TermClass::Linear { summed, .. } => summed,
        TermClass::Weighted { contracted, .. } | TermClass::Product { contracted, .. } => contracted,
    }
}

#[test]
fn the_samples_are_valid() {
    for term in all() {
        assert_eq!(validated(term), Ok(()));
    }
}

#[test]
fn summed() {
    for term in all() {
        assert_eq!(defect(changed(term.clone(), |(_, term)| term.summed.push(1))), TermDefect::Summed);
        assert_eq!(defect(changed(term.clone(), |(_, term)| term.summed.clear())), TermDefect::Summed);
        assert_eq!(defect(changed(term.clone(), |term| padded(term).push(0))), TermDefect::Summed);
    }
    // Sixteen labels, two of them of the output; and one more.
    let labels = |count: usize| {
        let labels: Vec<_> = (2..count as u8).map(|label| (label, 1, 0)).collect();
        let first = window(&[4], (0, 1), &[&[(0, 4, 1)], labels.as_slice()].concat());
        let second = window(&[6], (0, 1), &[(1, 3, 1)]);
        linear(1, operand(0, vec![first, second]), &vec![1; count - 2])
    };
    assert_eq!(validated(labels(limits::LABELS)), Ok(()));
    assert_eq!(defect(labels(limits::LABELS + 1)), TermDefect::Summed);
}

#[test]
fn extent() {
    for term in all() {
        for got in [0, limits::WIDTH + 1, u32::MAX] {
            assert_eq!(defect(changed(term.clone(), |(_, term)| term.summed[0] = got)), TermDefect::Extent);
        }
        assert_eq!(defect(changed(term.clone(), |term| padded(term)[0] += 1)), TermDefect::Extent);
        assert_eq!(defect(changed(term.clone(), |term| padded(term)[0] = 255)), TermDefect::Extent);
    }
    // Class and card agree, but not with the axis, the window or the list.
    let other = |mut term: Summand, extent| {
        term.1.summed[0] = extent;
        *padded(&mut term) = sample::logs(&[extent]);
        term
    };
    for term in all() {
        for extent in [1, 5, 7] {
            assert_eq!(defect(other(term.clone(), extent)), TermDefect::Extent);
        }
    }
    // A whole axis of another extent than the output's.
    assert_eq!(defect(changed(mixed(), |term| groups(term).swap(0, 1))), TermDefect::Extent);
    let output = |mut term: Summand| {
        groups(&mut term)[0] = axis(1);
        groups(&mut term)[1] = window(&[6], (0, 1), &[(0, 4, 1), (2, 6, 0)]);
        term
    };
    assert_eq!(defect(output(mixed())), TermDefect::Extent);
    for extents in [vec![5], vec![7], vec![u32::MAX], vec![0]] {
        let stated = |term: &mut Summand| match &mut groups(term)[1] {
            Group::Window { extents: stated, .. } => *stated = extents.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(defect(changed(pooled(), stated)), TermDefect::Extent);
    }
    for extents in [vec![6, 4], vec![4, 7]] {
        let stated = |term: &mut Summand| match &mut second(term)[0] {
            Group::Listed { extents: stated, .. } => *stated = extents.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(defect(changed(squared(), stated)), TermDefect::Extent);
    }
    for extent in [0, 2, 4, u32::MAX] {
        let of_label = |term: &mut Summand| match &mut groups(term)[1] {
            Group::Window { labels, .. } => labels[0].extent = extent,
            other => panic!("{other:?}"),
        };
        assert_eq!(defect(changed(pooled(), of_label)), TermDefect::Extent);
        let of_list = |term: &mut Summand| match &mut second(term)[0] {
            Group::Listed { labels, .. } => labels[0].1 = extent,
            other => panic!("{other:?}"),
        };
        assert_eq!(defect(changed(squared(), of_list)), TermDefect::Extent);
    }
}

#[test]
fn label() {
    let error = |label| TermDefect::Label { label };
    for term in all() {
        // Unknown.
        for label in [3, 16, 31, 32, 255] {
            let unknown = changed(term.clone(), |term| groups(term)[0] = axis(label));
            assert_eq!(defect(unknown), error(label));
        }
        // Twice in one operand.
        let twice = changed(term.clone(), |term| groups(term).push(window(&[], (0, 1), &[(2, 1, 0)])));
        assert_eq!(defect(twice), error(2));
    }
    let twice = changed(squared(), |term| second(term).push(window(&[], (0, 1), &[(1, 3, 0)])));
    assert_eq!(defect(twice), error(1));
    // Absent: an output label or a summed one of a linear term.
    let without = |label: u8| {
        changed(pooled(), |term| match &mut groups(term)[1] {
            Group::Window { labels, .. } => labels.retain(|stride| stride.label != label),
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(defect(without(1)), error(1));
    assert_eq!(defect(without(2)), error(2));
    let row = changed(pooled(), |term| groups(term)[0] = window(&[4], (0, 1), &[]));
    assert_eq!(defect(row), error(0));
    // An output label in neither weights nor operand, and a contracted label that the operand has not.
    assert_eq!(defect(changed(mixed(), |term| groups(term)[0] = window(&[4], (0, 1), &[]))), error(0));
    assert_eq!(defect(changed(mixed(), |term| groups(term)[1] = window(&[6], (0, 1), &[]))), error(2));
    let none = |(shape, _): &mut Summand| match shape {
        TermClass::Weighted { weights, .. } => weights.clear(),
        other => panic!("{other:?}"),
    };
    assert_eq!(defect(changed(mixed(), none)), error(1));
    // An output label in neither factor, and a contracted label that one of them has not.
    assert_eq!(defect(changed(squared(), |term| groups(term)[0] = window(&[4], (0, 1), &[]))), error(0));
    assert_eq!(defect(changed(squared(), |term| groups(term)[1] = window(&[6], (0, 1), &[]))), error(2));
    let rows = || window(&[4, 6], (0, 1), &[(1, 3, 6)]);
    assert_eq!(defect(changed(squared(), |term| second(term)[0] = rows())), error(2));
}

#[test]
fn weights() {
    let with = |weights: &[u8]| {
        changed(mixed(), |(shape, _)| match shape {
            TermClass::Weighted { weights: own, .. } => *own = weights.to_vec(),
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(validated(with(&[0, 1])), Ok(()));
    for wrong in [&[1, 0][..], &[1, 1], &[0, 0, 1], &[1, 2], &[2], &[1, 16], &[1, 32], &[255]] {
        assert_eq!(defect(with(wrong)), TermDefect::Weights, "{wrong:?}");
    }
}

#[test]
fn coefficient() {
    for got in [0, -1, 2, i32::MIN] {
        assert_eq!(defect(changed(mixed(), |(_, term)| term.coefficient = got)), TermDefect::Coefficient);
    }
    for term in [pooled(), squared()] {
        for got in [0, -1, 1, 100] {
            assert_eq!(validated(changed(term.clone(), |(_, term)| term.coefficient = got)), Ok(()));
        }
    }
}

#[test]
fn axes() {
    let broadcast = |label, extent| window(&[], (0, 1), &[(label, extent, 0)]);
    // Too few, too many.
    let few = linear(1, operand(0, vec![axis(0), broadcast(1, 3)]), &[]);
    assert_eq!(defect(few), TermDefect::Axes);
    let none = linear(1, operand(0, vec![broadcast(0, 4), broadcast(1, 3)]), &[]);
    assert_eq!(defect(none), TermDefect::Axes);
    let many = linear(1, operand(0, vec![axis(0), window(&[6, 1], (0, 1), &[(1, 3, 1)])]), &[]);
    assert_eq!(defect(many), TermDefect::Axes);
    let many = linear(1, operand(0, vec![axis(0), window(&[6], (0, 1), &[]), axis(1)]), &[]);
    assert_eq!(defect(many), TermDefect::Axes);
    let long = linear(1, operand(0, vec![window(&[1; 1_000], (0, 1), &[(0, 4, 0), (1, 3, 0)])]), &[]);
    assert_eq!(defect(long), TermDefect::Axes);
}

#[test]
fn summed_axis() {
    let whole = linear(1, operand(0, vec![axis(0), axis(2), window(&[], (0, 1), &[(1, 3, 0)])]), &[6]);
    assert_eq!(defect(whole), TermDefect::SummedAxis { label: 2 });
    let stated = window(&[6], (0, 1), &[(1, 3, 0), (2, 6, 1)]);
    assert_eq!(validated(linear(1, operand(0, vec![axis(0), stated]), &[6])), Ok(()));
}

#[test]
fn order() {
    let swapped = |term: &mut Summand| match &mut groups(term)[1] {
        Group::Window { labels, .. } => labels.swap(0, 1),
        other => panic!("{other:?}"),
    };
    assert_eq!(defect(changed(pooled(), swapped)), TermDefect::Order);
    let swapped = |term: &mut Summand| match &mut second(term)[0] {
        Group::Listed { labels, .. } => labels.swap(0, 1),
        other => panic!("{other:?}"),
    };
    assert_eq!(defect(changed(squared(), swapped)), TermDefect::Order);
}

#[test]
fn step() {
    let with = |got| {
        changed(pooled(), |term| match &mut groups(term)[1] {
            Group::Window { step, .. } => *step = got,
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(defect(with(0)), TermDefect::Step);
    for step in [1, 2, u32::MAX] {
        assert_eq!(validated(with(step)), Ok(()));
    }
}

#[test]
fn listed() {
    let with = |count: u32| {
        changed(squared(), |term| match &mut second(term)[0] {
            Group::Listed { indices, .. } => *indices = (0..count).collect(),
            other => panic!("{other:?}"),
        })
    };
    for count in [0, 1, 17, 19, 1_000] {
        assert_eq!(defect(with(count)), TermDefect::Listed);
    }
    assert_eq!(validated(with(18)), Ok(()));
}

#[test]
fn empty() {
    for nothing in [
        window(&[], (0, 1), &[]),
        window(&[], (7, 2), &[]),
        Group::Listed { extents: vec![], labels: vec![], indices: vec![0] },
    ] {
        for term in all() {
            let with = changed(term, |term| groups(term).insert(1, nothing.clone()));
            assert_eq!(defect(with), TermDefect::Empty);
        }
    }
    // Axes alone are a slice, labels alone a broadcast or a mask.
    let slice = linear(
        1,
        operand(0, vec![axis(0), window(&[6], (2, 1), &[]), window(&[], (-1, 1), &[(1, 3, 1)])]),
        &[],
    );
    assert_eq!(validated(slice), Ok(()));
}

#[test]
fn size() {
    // 2^20 combinations of one group, and 17 times 61681, which are one more.
    let with = |extents: [u32; 2]| {
        let labels = [(1, 3, 0), (2, extents[0], 0), (3, extents[1], 0)];
        linear(
            1,
            operand(0, vec![axis(0), window(&[6], (0, 1), &labels[1..]), window(&[], (0, 1), &labels[..1])]),
            &extents,
        )
    };
    assert_eq!(limits::GROUP, 1 << 20);
    assert_eq!(validated(with([1 << 10, 1 << 10])), Ok(()));
    assert_eq!(defect(with([17, 61_681])), TermDefect::Size);
    assert_eq!(defect(with([1 << 20, 1 << 20])), TermDefect::Size);
}

#[test]
fn hostile_strides_and_offsets() {
    // Positions far outside 32 bits: nothing is read, nothing overflows.
    let ends = [i32::MIN, -1, 0, 1, i32::MAX];
    let far = |(offset, stride, step), extents: [u32; 2]| {
        let labels = [(1, 3, stride), (2, extents[0], stride), (3, extents[1], -1 - stride)];
        linear(1, operand(0, vec![axis(0), window(&[6], (offset, step), &labels)]), &extents)
    };
    for (offset, stride) in ends.into_iter().flat_map(|offset| ends.map(|stride| (offset, stride))) {
        for step in [1, 3, u32::MAX] {
            assert_eq!(validated(far((offset, stride, step), [32, 16])), Ok(()));
        }
    }
    for end in [i32::MIN, i32::MAX] {
        assert_eq!(validated(far((end, end, 1), [1 << 18, 1])), Ok(()));
    }
    let labels =
        (0..100_000).map(|at| Stride { label: at as u8, extent: u32::MAX, stride: i32::MIN }).collect();
    let group = Group::Window { extents: vec![u32::MAX; 100_000], offset: 0, step: 1, labels };
    assert_eq!(defect(linear(1, operand(0, vec![group]), &[])), TermDefect::Label { label: 2 });
    let many = vec![window(&[], (0, 1), &[]); 100_000];
    assert_eq!(
        defect(linear(
            1,
            operand(0, [vec![axis(0), window(&[6], (0, 1), &[(1, 3, 1)])], many].concat()),
            &[]
        )),
        TermDefect::Empty
    );
}

#[test]
fn a_view_reads_an_earlier_tensor_in_its_own_axes() {
    let mut term = mixed();
    let TermClass::Weighted { operand, .. } = &mut term.0 else { panic!("not weighted") };
    operand.source = TensorId(1);
    assert_eq!(validated(term), Err(ProgramError::Wiring { operator: 0, term: 0, tensor: 1 }));
    assert_eq!(
        over(&[6, 4], mixed()),
        Err(ProgramError::Term { operator: 0, term: 0, defect: TermDefect::Extent })
    );
}
