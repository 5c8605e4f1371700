//! ArrayFeatureExtractor, FeatureVectorizer, ZipMap: features chosen, put together, named.

use super::gather::index;
use super::scores;
use super::{Call, Form, Operator};
use crate::lowering::{NOTHING, Site, Value};
use crate::onnx::Cause;
use crate::tensor::{Data, ElementType, Tensor};

/// Features chosen, put together, named.
pub(super) struct Features;

static FORMS: [Form; 3] = [
    Form::new("ArrayFeatureExtractor", 2, 2).ml(),
    Form::variadic("FeatureVectorizer").attributes(&["inputdimensions"]).ml(),
    Form::new("ZipMap", 1, 1).attributes(&["classlabels_int64s", "classlabels_strings"]).ml(),
];

impl Operator for Features {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        Ok(vec![match call.operator() {
            "ArrayFeatureExtractor" => extracted(call)?,
            "FeatureVectorizer" => {
                let parts = Parts::of(call)?;
                let mut data = vec![0.0; call.elements(&[parts.rows, parts.width])?];
                let mut first = 0;
                for (input, width) in parts.widths.iter().enumerate() {
                    for (place, number) in scores::numbers(call, input)?.into_iter().enumerate() {
                        data[place / width * parts.width + first + place % width] = number;
                    }
                    first += width;
                }
                Tensor::made(ElementType::Float, vec![parts.rows, parts.width], Data::Float(data))?
            }
            // The map of names to scores keeps the scores' order.
            _ => call.input(0)?.clone(),
        }])
    }

    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        match site.call.operator() {
            "ArrayFeatureExtractor" if site.varies(1) => Err(Cause::NotLowered),
            "ArrayFeatureExtractor" => site.moves(self, &[0]),
            "FeatureVectorizer" => {
                let parts = Parts::of(&site.call)?;
                let shape = vec![parts.rows, parts.width];
                let mut whole =
                    Value::constant(shape.clone(), vec![0.0; parts.rows * parts.width], site.samples());
                let mut first = 0;
                for (input, width) in parts.widths.iter().enumerate() {
                    let from = (0..parts.rows * parts.width).map(|place| {
                        let column = (place % parts.width).checked_sub(first).filter(|column| column < width);
                        column.map_or(NOTHING, |column| (place / parts.width * width + column) as u32)
                    });
                    let from: Vec<u32> = from.collect();
                    let value = site.input(input)?;
                    whole = whole.plus(&site.moved(&value, shape.clone(), &from)?, 1.0);
                    first += width;
                }
                Ok(vec![whole])
            }
            _ => Ok(vec![site.input(0)?]),
        }
    }
}

/// Entries of the last axis at these indices; a list counts as one row.
fn extracted(call: &Call<'_>) -> Result<Tensor, Cause> {
    let input = call.input(0)?;
    let refused = || call.wrong_shape(0, "a tensor with features");
    let (&size, before) = input.shape().split_last().ok_or_else(refused)?;
    let indices = call.integers(1)?;
    let places = indices.iter().map(|got| index(call, *got, size)).collect::<Result<Vec<usize>, Cause>>()?;
    let mut shape = if before.is_empty() { vec![1] } else { before.to_vec() };
    shape.push(places.len());
    let rows = call.elements(&shape)? / places.len().max(1);
    let positions = (0..rows).flat_map(|row| places.iter().map(move |place| row * size + place));
    input.picked(shape, positions).ok_or_else(refused)
}

/// Inputs side by side.
struct Parts {
    rows: usize,
    widths: Vec<usize>,
    width: usize,
}

impl Parts {
    fn of(call: &Call<'_>) -> Result<Self, Cause> {
        let declared = call.attributes().optional_integers("inputdimensions")?;
        let (mut rows, mut widths) = (None, Vec::with_capacity(call.input_count()));
        for (place, input) in call.all_inputs()?.into_iter().enumerate() {
            let (count, width) = match input.shape() {
                [width] => (1, *width),
                [count, width] => (*count, *width),
                _ => return Err(call.wrong_shape(place, "[rows, features]")),
            };
            if *rows.get_or_insert(count) != count || width == 0 {
                return Err(call.wrong_shape(place, "as many rows as the others, with features"));
            }
            let told = declared.and_then(|declared| declared.get(place)).map_or(width as i64, |told| *told);
            if told != width as i64 {
                return Err(call.wrong_shape(place, format!("{told} features")));
            }
            widths.push(width);
        }
        Ok(Self { rows: rows.unwrap_or(0), width: widths.iter().sum(), widths })
    }
}
