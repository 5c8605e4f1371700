//! Sums of products over named axes.

use crate::lowered::assert_within;
use crate::support::{f, node, text};
use candor_compiler::graph::Operand::{Constant, Input};
use candor_compiler::tensor::Tensor;

fn numbers(shape: &[usize]) -> Tensor {
    let data: Vec<f64> = (0..shape.iter().product())
        .map(|place: usize| ((place * 37 + 11) % 101) as f64 / 50.0 - 1.0)
        .collect();
    f(shape, &data)
}

#[test]
fn one_operand() {
    let x = numbers(&[2, 3, 3]);
    for equation in ["abc->cab", "abb->ab", "abb->a", "abc->", "a...->...", "abc", "abc->b"] {
        assert_within(&node("Einsum").with("equation", text(equation)), &[Input(&x)], 2e-3);
    }
}

#[test]
fn two_operands() {
    let cases: [(&str, &[usize], &[usize]); 9] = [
        ("ij,jk->ik", &[2, 3], &[3, 4]),
        ("bij,bjk->bik", &[2, 3, 2], &[2, 2, 4]),
        ("bhid,bhjd->bhij", &[1, 2, 3, 2], &[1, 2, 4, 2]),
        ("i,j->ij", &[3], &[2]),
        ("ij,ij->", &[2, 3], &[2, 3]),
        ("ii,i->i", &[3, 3], &[3]),
        ("...ij,jk->...ik", &[2, 2, 3], &[3, 2]),
        ("ij,kl->k", &[2, 3], &[2, 2]),
        ("ij,jk", &[2, 3], &[3, 2]),
    ];
    for (equation, left, right) in cases {
        let (left, right) = (numbers(left), numbers(right));
        let node = node("Einsum").with("equation", text(equation));
        assert_within(&node, &[Input(&left), Constant(&right)], 5e-3);
        assert_within(&node, &[Constant(&left), Input(&right)], 5e-3);
        assert_within(&node, &[Input(&left), Input(&right)], 5e-3);
    }
}

/// The sums of many products are larger than the finest coefficient of a product can say.
#[test]
fn sums_of_many_products() {
    let (left, right) = (numbers(&[2, 90]), numbers(&[90, 2]));
    assert_within(&node("Einsum").with("equation", text("ij,jk->ik")), &[Input(&left), Input(&right)], 1e-2);
    assert_within(&node("Einsum").with("equation", text("ij,kj->ik")), &[Input(&left), Input(&left)], 1e-2);
}

#[test]
fn three_operands() {
    let (a, b, c) = (numbers(&[2, 3]), numbers(&[3, 2]), numbers(&[2, 2]));
    let node = node("Einsum").with("equation", text("ij,jk,kl->il"));
    assert_within(&node, &[Input(&a), Constant(&b), Constant(&c)], 5e-3);
    assert_within(&node, &[Input(&a), Input(&b), Input(&c)], 5e-3);
}
