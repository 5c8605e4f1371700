//! LabelEncoder, OneHotEncoder, CategoryMapper: numbers and texts that stand for categories.

use super::scores::compared;
use super::{Call, Form, Operator};
use crate::lowering::{Labels, Numbers, Site, Value};
use crate::onnx::Cause;
use crate::tensor::{Data, ElementType, Tensor};

/// Categories.
pub(super) struct Category;

static FORMS: [Form; 3] = [
    Form::new("CategoryMapper", 1, 1)
        .attributes(&["cats_int64s", "cats_strings", "default_int64", "default_string"])
        .ml(),
    Form::new("LabelEncoder", 1, 1)
        .attributes(&[
            "default_float",
            "default_int64",
            "default_string",
            "default_tensor",
            "keys_floats",
            "keys_int64s",
            "keys_strings",
            "keys_tensor",
            "values_floats",
            "values_int64s",
            "values_strings",
            "values_tensor",
        ])
        .ml()
        .since(2),
    Form::new("OneHotEncoder", 1, 1).attributes(&["cats_int64s", "cats_strings", "zeros"]).ml(),
];

impl Operator for Category {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        if call.operator() == "OneHotEncoder" {
            return Ok(vec![one_hot(call)?]);
        }
        let table = Mapping::read(call)?;
        Ok(vec![table.map(call)?])
    }

    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        let input = site.call.input(0)?;
        let element_type = input.element_type();
        let value = site.input(0)?;
        let elements = value.elements();
        let numbers = Numbers::of(site.builder, &value, (1, elements), element_type)?;
        if site.call.operator() == "OneHotEncoder" {
            let categories = numeric(&categories(&site.call)?).ok_or(Cause::NotLowered)?;
            let pairs: Vec<(usize, f64)> = (0..elements)
                .flat_map(|place| categories.iter().map(move |category| (place, *category)))
                .collect();
            let mut shape = value.shape.clone();
            shape.push(categories.len());
            return Ok(vec![site.builder.equal(&numbers, &pairs, shape, &value.samples, element_type)]);
        }
        let table = Mapping::read(&site.call)?;
        let refused = || site.call.wrong_type(0, "numbers to numbers");
        let (keys, values) =
            (numeric(&table.keys).ok_or_else(refused)?, numeric(&table.values).ok_or_else(refused)?);
        let default = numeric(&table.default).and_then(|default| default.first().copied()).unwrap_or(0.0);
        // Of equal keys the last one counts.
        let is_last = |place: &usize| !keys.iter().skip(place + 1).any(|key| *key == keys[*place]);
        let kept: Vec<usize> = (0..keys.len()).filter(is_last).collect();
        let pairs: Vec<(usize, f64)> = (0..elements)
            .flat_map(|place| kept.iter().map(move |key| (place, *key)))
            .map(|(place, key)| (place, keys[key]))
            .collect();
        let shape = vec![elements, kept.len()];
        let equal = site.builder.equal(&numbers, &pairs, shape, &value.samples, element_type);
        let labels = Labels::new(&[elements], &[kept.len()]);
        let changes: Vec<f64> = kept.iter().map(|key| values[*key] - default).collect();
        let (read, weights) = (labels.axes(&[0, 1]), labels.axes(&[1]));
        let sum = site.builder.weighted(&labels, (&equal, &read), (&changes, &weights))?;
        let mapped = sum.offset(&vec![default; elements]);
        let place: Vec<u32> = (0..elements as u32).collect();
        Ok(vec![site.moved(&mapped, value.shape.clone(), &place)?])
    }
}

/// The numbers of floats or integers.
fn numeric(data: &Data) -> Option<Vec<f64>> {
    match data {
        Data::Float(data) => Some(data.clone()),
        Data::Integer(data) => Some(data.iter().map(|number| *number as f64).collect()),
        Data::Bool(_) | Data::Text(_) => None,
    }
}

/// The categories of a OneHotEncoder.
fn categories(call: &Call<'_>) -> Result<Data, Cause> {
    if let Some(texts) = call.attributes().optional_texts("cats_strings")?
        && !texts.is_empty()
    {
        return Ok(Data::Text(texts.to_vec()));
    }
    Ok(Data::Integer(call.attributes().required_integers("cats_int64s")?.to_vec()))
}

/// One for the category that an entry is, zero for all others.
fn one_hot(call: &Call<'_>) -> Result<Tensor, Cause> {
    let (input, categories) = (call.input(0)?, categories(call)?);
    let mut shape = input.shape().to_vec();
    shape.push(categories.len());
    let mut hot = Vec::with_capacity(call.elements(&shape)?);
    let element_type = input.element_type();
    match (input.data(), &categories) {
        (Data::Text(entries), Data::Text(categories)) => {
            for entry in entries {
                hot.extend(categories.iter().map(|category| f64::from(u8::from(entry == category))));
            }
        }
        (Data::Float(_) | Data::Integer(_), Data::Integer(categories)) => {
            for entry in super::scores::numbers(call, 0)? {
                let entry = compared(entry, element_type);
                hot.extend(categories.iter().map(|category| f64::from(u8::from(entry == *category as f64))));
            }
        }
        _ => return Err(call.wrong_type(0, "that of the categories")),
    }
    if !call.attributes().flag("zeros", true)?
        && hot.chunks(categories.len().max(1)).any(|row| !row.contains(&1.0))
    {
        return Err(Cause::Value { tensor: call.label(0), got: "no category, where zeros is 0,".into() });
    }
    Tensor::made(ElementType::Float, shape, Data::Float(hot))
}

/// Keys and what each becomes.
struct Mapping {
    keys: Data,
    values: Data,
    /// One entry.
    default: Data,
}

impl Mapping {
    fn read(call: &Call<'_>) -> Result<Self, Cause> {
        let attributes = call.attributes();
        let text =
            |name: &str| attributes.text(name, "_Unused").map(|text| Data::Text(vec![text.to_owned()]));
        let integer = |name: &str, default: i64| {
            attributes.integer(name, default).map(|number| Data::Integer(vec![number]))
        };
        let mapping = if call.operator() == "CategoryMapper" {
            let texts = attributes.optional_texts("cats_strings")?.unwrap_or(&[]);
            let texts = Data::Text(texts.to_vec());
            let numbers = Data::Integer(attributes.required_integers("cats_int64s")?.to_vec());
            if call.input(0)?.as_texts().is_some() {
                Self { keys: texts, values: numbers, default: integer("default_int64", -1)? }
            } else {
                Self { keys: numbers, values: texts, default: text("default_string")? }
            }
        } else {
            let list = |kind: &str| -> Result<Data, Cause> {
                let name = |list: &str| format!("{kind}_{list}");
                if let Some(tensor) = attributes.optional_tensor(&name("tensor"))? {
                    return Ok(tensor.data().clone());
                }
                if let Some(texts) = attributes.optional_texts(&name("strings"))? {
                    return Ok(Data::Text(texts.to_vec()));
                }
                if let Some(floats) = attributes.optional_floats(&name("floats"))? {
                    return Ok(Data::Float(floats.iter().copied().map(f64::from).collect()));
                }
                Ok(Data::Integer(attributes.required_integers(&name("int64s"))?.to_vec()))
            };
            let (keys, values) = (list("keys")?, list("values")?);
            let default = match (attributes.optional_tensor("default_tensor")?, &values) {
                (Some(tensor), _) => tensor.data().clone(),
                (None, Data::Text(_)) => text("default_string")?,
                (None, Data::Float(_)) => Data::Float(vec![attributes.float("default_float", -0.0)?]),
                (None, _) => integer("default_int64", -1)?,
            };
            Self { keys, values, default }
        };
        let (got, expected) = (mapping.values.len(), mapping.keys.len());
        if got != expected {
            return Err(super::scores::wrong_length(call, "values", got, expected));
        }
        let is_one = std::mem::discriminant(&mapping.default) == std::mem::discriminant(&mapping.values);
        if mapping.default.len() != 1 || !is_one {
            return Err(Cause::AttributeType {
                attribute: "default_tensor".into(),
                expected: "one entry like the values",
            });
        }
        Ok(mapping)
    }

    fn map(&self, call: &Call<'_>) -> Result<Tensor, Cause> {
        let input = call.input(0)?;
        let refused = || call.wrong_type(0, "that of the keys");
        // NaN is a key like others.
        let same = |left: f64, right: f64| left == right || left.is_nan() && right.is_nan();
        let found: Vec<Option<usize>> = match (input.data(), &self.keys) {
            (Data::Text(entries), Data::Text(keys)) => {
                entries.iter().map(|entry| keys.iter().rposition(|key| key == entry)).collect()
            }
            (Data::Integer(entries), Data::Integer(keys)) => {
                entries.iter().map(|entry| keys.iter().rposition(|key| key == entry)).collect()
            }
            (Data::Float(entries), Data::Float(keys)) => {
                let rounded = entries.iter().map(|entry| compared(*entry, input.element_type()));
                rounded.map(|entry| keys.iter().rposition(|key| same(*key, entry))).collect()
            }
            _ => return Err(refused()),
        };
        call.spend(found.len() as u64 * self.keys.len() as u64)?;
        fn picked<T: Clone>(found: &[Option<usize>], values: &[T], default: &[T]) -> Option<Vec<T>> {
            let value =
                |found: &Option<usize>| found.map_or(default.first(), |place| values.get(place)).cloned();
            found.iter().map(value).collect()
        }
        let shape = input.shape().to_vec();
        let (element_type, data) = match (&self.values, &self.default) {
            (Data::Text(values), Data::Text(default)) => {
                (ElementType::Text, picked(&found, values, default).map(Data::Text))
            }
            (Data::Integer(values), Data::Integer(default)) => {
                (self.integer_type(call)?, picked(&found, values, default).map(Data::Integer))
            }
            (Data::Float(values), Data::Float(default)) => {
                (self.float_type(call)?, picked(&found, values, default).map(Data::Float))
            }
            _ => return Err(refused()),
        };
        Tensor::made(element_type, shape, data.ok_or_else(refused)?)
    }

    fn integer_type(&self, call: &Call<'_>) -> Result<ElementType, Cause> {
        let tensor = call.attributes().optional_tensor("values_tensor")?;
        Ok(tensor.map_or(ElementType::Int64, Tensor::element_type))
    }

    fn float_type(&self, call: &Call<'_>) -> Result<ElementType, Cause> {
        let tensor = call.attributes().optional_tensor("values_tensor")?;
        Ok(tensor.map_or(ElementType::Float, Tensor::element_type))
    }
}
