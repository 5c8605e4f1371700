//! The model's shape: class and exact sizes agree, wiring goes forward, lookups read what their tables are made for.

use super::Part;
use super::error::{ProgramError, within};
use super::view::{self, Cost, Place};
use crate::card::Card;
use crate::class::{Input, OperatorClass, TensorId, TermClass};
use crate::limits;
use crate::operator::{Affine, Lookup, Operator};

/// Log2 of the padded length: the smallest power of two that is not below the extent.
pub(super) fn padded_log2(extent: u32) -> u8 {
    // At most 32, since a `u32` has no more bits.
    u64::from(extent).next_power_of_two().trailing_zeros() as u8
}

pub(super) fn check(card: &Card) -> Result<(), ProgramError> {
    let class = &card.class;
    within(Part::Operators, 1, limits::OPERATORS, card.operators.len())?;
    within(Part::Features, 1, limits::FEATURES, card.features.len())?;
    if class.operators.len() != card.operators.len() {
        let (class, card) = (class.operators.len(), card.operators.len());
        return Err(ProgramError::OperatorCount { class, card });
    }
    if !(9..=14).contains(&class.row_log2) {
        return Err(ProgramError::RowLength { got: class.row_log2 });
    }
    // 28 is the two-adicity of the field, and the size of the largest ceremony.
    let powers_log2 = card.setup.powers_log2;
    if !(class.row_log2..=28).contains(&powers_log2) {
        return Err(ProgramError::SetupPowers { row_log2: class.row_log2, powers_log2 });
    }
    let extents = class.input.extents(card.features.len());
    check_axes(0, &extents, &class.input.axes())?;
    let (expected, got) = (size(&extents), card.features.len() as u64);
    if expected != got {
        return Err(ProgramError::InputSize { expected, got });
    }
    if matches!(class.input, Input::Tensor { .. }) {
        within(Part::Axes, 2, limits::AXES, extents.len())?;
    }
    within(Part::PaddedInput, 1, limits::PADDED_INPUT, 1_usize << class.input_log2())?;
    within(Part::Tables, 0, limits::TABLES.into(), class.tables.into())?;
    let mut cost = Cost::default();
    for (index, (operator, shape)) in card.operators.iter().zip(&class.operators).enumerate() {
        match (operator, shape) {
            (Operator::Affine(affine), OperatorClass::Affine { axes, terms }) => {
                cost = cost.plus(check_affine(card, index, affine, (axes, terms))?);
            }
            (Operator::Lookup(lookup), OperatorClass::Lookup { source, table }) => {
                check_lookup(card, index, lookup, (*source, *table))?;
            }
            _ => return Err(ProgramError::Terms { operator: index }),
        }
    }
    cost.check()?;
    let tensors = (0..=class.operators.len()).map(|tensor| class.tensor_log2(TensorId(tensor as u16)));
    let got = tensors.map(|log2| 1_u64 << log2.unwrap_or(0)).sum();
    if got > limits::VALUES {
        return Err(ProgramError::Values { got });
    }
    if let Some(table) = (0..class.tables).find(|table| lookups(card, *table).next().is_none()) {
        return Err(ProgramError::TableUnused { table });
    }
    match card.operators.last() {
        Some(Operator::Affine(affine)) if affine.axes.len() == 1 => {}
        _ => return Err(ProgramError::LastOperator),
    }
    let got = parameters(card, u64::from);
    if got > limits::PARAMETERS {
        return Err(ProgramError::Parameters { got });
    }
    let got = parameters(card, |extent| u64::from(extent).next_power_of_two());
    if got > limits::PADDED_PARAMETERS { Err(ProgramError::PaddedParameters { got }) } else { Ok(()) }
}

/// Product of extents, saturating.
pub(super) fn size(extents: &[u32]) -> u64 {
    extents.iter().fold(1, |size: u64, extent| size.saturating_mul(u64::from(*extent)))
}

fn check_axes(tensor: usize, extents: &[u32], log2: &[u8]) -> Result<(), ProgramError> {
    within(Part::Axes, 1, limits::AXES, extents.len())?;
    if extents.len() != log2.len() {
        return Err(ProgramError::AxisCount { tensor, class: log2.len(), card: extents.len() });
    }
    for (axis, (extent, got)) in extents.iter().zip(log2).enumerate() {
        if !(1..=limits::WIDTH).contains(extent) {
            return Err(ProgramError::Extent { tensor, axis, got: *extent });
        }
        let expected = padded_log2(*extent);
        if expected != *got {
            return Err(ProgramError::PaddedLength { tensor, axis, expected, got: *got });
        }
    }
    let got = log2.iter().map(|log2| u32::from(*log2)).sum::<u32>();
    if got > limits::WIDTH.trailing_zeros() { Err(ProgramError::Width { tensor, got }) } else { Ok(()) }
}

fn check_low(operator: usize, low: i32) -> Result<(), ProgramError> {
    if (-65_535..=0).contains(&low) { Ok(()) } else { Err(ProgramError::Low { operator, got: low }) }
}

fn check_affine(
    card: &Card,
    operator: usize,
    affine: &Affine,
    (axes, terms): (&[u8], &[TermClass]),
) -> Result<Cost, ProgramError> {
    check_axes(operator + 1, &affine.axes, axes)?;
    if affine.rescale.multiplier == 0 {
        return Err(ProgramError::Multiplier { operator });
    }
    check_low(operator, affine.rescale.low)?;
    within(Part::Terms, 1, limits::TERMS, affine.terms.len())?;
    if affine.terms.len() != terms.len() {
        return Err(ProgramError::Terms { operator });
    }
    let mut cost = Cost::default();
    for (index, (term, shape)) in affine.terms.iter().zip(terms).enumerate() {
        for operand in shape.operands() {
            // Tensor `operator` is the previous operator's output, or the input.
            if usize::from(operand.source.0) > operator {
                return Err(ProgramError::Wiring { operator, term: index, tensor: operand.source.0 });
            }
        }
        let place = Place { operator, term: index };
        cost = cost.plus(view::check(card, place, &affine.axes, term, shape)?);
    }
    Ok(cost)
}

/// The lookups of a table, with their numbers.
fn lookups(card: &Card, table: u8) -> impl Iterator<Item = (TensorId, Lookup)> {
    card.operators.iter().zip(&card.class.operators).filter_map(move |pair| match pair {
        (Operator::Lookup(lookup), OperatorClass::Lookup { source, table: number }) if *number == table => {
            Some((*source, *lookup))
        }
        _ => None,
    })
}

fn check_lookup(
    card: &Card,
    operator: usize,
    lookup: &Lookup,
    (source, table): (TensorId, u8),
) -> Result<(), ProgramError> {
    check_low(operator, lookup.low)?;
    let low = |tensor: TensorId| {
        let number = usize::from(tensor.0).checked_sub(1)?;
        Some(card.operators.get(number)?.affine()?.rescale.low)
    };
    let own = if usize::from(source.0) > operator { None } else { low(source) };
    let Some(own) = own else {
        return Err(ProgramError::LookupSource { operator, tensor: source.0 });
    };
    if table >= card.class.tables {
        return Err(ProgramError::LookupTable { operator, table, tables: card.class.tables });
    }
    let first = lookups(card, table).next();
    let same = first.is_none_or(|(source, first)| first.low == lookup.low && low(source) == Some(own));
    if same { Ok(()) } else { Err(ProgramError::TableRange { operator, table }) }
}

/// Weights, biases and entries of tables, with extents counted in some way.
fn parameters(card: &Card, count: impl Fn(u32) -> u64 + Copy) -> u64 {
    let product = |extents: &[u32]| extents.iter().map(|extent| count(*extent)).fold(1, u64::saturating_mul);
    let operator = |(operator, shape): (&Operator, &OperatorClass)| match (operator, shape) {
        (Operator::Affine(affine), OperatorClass::Affine { terms, .. }) => {
            let terms = affine.terms.iter().zip(terms);
            let weights = terms.filter_map(|(term, shape)| shape.weight_extents(&affine.axes, &term.summed));
            weights.map(|extents| product(&extents)).fold(product(&affine.axes), u64::saturating_add)
        }
        _ => 0,
    };
    let operators = card.operators.iter().zip(&card.class.operators).map(operator);
    operators.fold(u64::from(card.class.tables) << 16, u64::saturating_add)
}

impl TermClass {
    /// Exact extents of a weighted term's weights: its output labels, then the contracted ones; `None` of any other term.
    #[must_use]
    pub fn weight_extents(&self, axes: &[u32], summed: &[u32]) -> Option<Vec<u32>> {
        let Self::Weighted { weights, .. } = self else { return None };
        let outputs = weights.iter().map(|label| axes.get(usize::from(*label)).copied().unwrap_or(1));
        Some(outputs.chain(summed.iter().copied()).collect())
    }
}

impl Card {
    /// Number of values of a tensor, saturating; `None` if the program has no such tensor.
    #[must_use]
    pub fn tensor_width(&self, tensor: TensorId) -> Option<u32> {
        Some(self.extents(tensor)?.iter().fold(1, |width: u32, extent| width.saturating_mul(*extent)))
    }

    /// Number of weights, biases and table entries.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        parameters(self, u64::from)
    }
}
