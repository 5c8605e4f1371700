//! SVMClassifier, SVMRegressor: sums of kernels of support vectors.

use super::scores::{self, Labels, Transform, Winner, logistic};
use super::{Call, Form, Operator};
use crate::lowering::{self, Site, Value};
use crate::onnx::Cause;
use crate::tensor::{Data, ElementType, Tensor};

/// Support vector machines.
pub(super) struct SupportVector;

static FORMS: [Form; 2] = [
    Form::new("SVMClassifier", 1, 1)
        .attributes(&[
            "classlabels_ints",
            "classlabels_strings",
            "coefficients",
            "kernel_params",
            "kernel_type",
            "post_transform",
            "prob_a",
            "prob_b",
            "rho",
            "support_vectors",
            "vectors_per_class",
        ])
        .outputs(2)
        .ml(),
    Form::new("SVMRegressor", 1, 1)
        .attributes(&[
            "coefficients",
            "kernel_params",
            "kernel_type",
            "n_supports",
            "one_class",
            "post_transform",
            "rho",
            "support_vectors",
        ])
        .ml(),
];

/// A function of a feature vector and a support vector.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Kernel {
    Linear,
    Poly { gamma: f64, constant: f64, degree: f64 },
    Rbf { gamma: f64 },
    Sigmoid { gamma: f64, constant: f64 },
}

/// Sums of kernels: for every sum a coefficient for each support vector.
struct Machine {
    kernel: Kernel,
    /// Row-major: `[vectors, features]`.
    vectors: Vec<f64>,
    /// Row-major: `[sums, vectors]`.
    coefficients: Vec<f64>,
    constants: Vec<f64>,
    rows: usize,
    width: usize,
    transform: Transform,
}

impl Kernel {
    fn read(call: &Call<'_>) -> Result<Self, Cause> {
        let parameters = scores::floats(call, "kernel_params")?;
        let parameter = |place: usize| parameters.get(place).copied().unwrap_or(0.0);
        let (gamma, constant, degree) = (parameter(0), parameter(1), parameter(2));
        match call.attributes().text("kernel_type", "LINEAR")? {
            "LINEAR" => Ok(Self::Linear),
            "POLY" => Ok(Self::Poly { gamma, constant, degree }),
            "RBF" => Ok(Self::Rbf { gamma }),
            "SIGMOID" => Ok(Self::Sigmoid { gamma, constant }),
            got => Err(call.unsupported("kernel_type", got, "LINEAR, POLY, RBF or SIGMOID")),
        }
    }

    /// What it makes of a product, or of a squared distance.
    fn function(self, x: f64) -> f64 {
        match self {
            Self::Linear => x,
            Self::Poly { gamma, constant, degree } => libm::pow(gamma * x + constant, degree),
            Self::Rbf { gamma } => libm::exp(-gamma * x),
            Self::Sigmoid { gamma, constant } => libm::tanh(gamma * x + constant),
        }
    }

    fn of(self, row: &[f64], vector: &[f64]) -> f64 {
        let pairs = row.iter().zip(vector);
        self.function(match self {
            Self::Rbf { .. } => pairs.map(|(a, b)| (a - b) * (a - b)).sum(),
            _ => pairs.map(|(a, b)| a * b).sum(),
        })
    }
}

impl Machine {
    fn regressor(call: &Call<'_>) -> Result<Self, Cause> {
        let (rows, width) = scores::row_shape(call)?;
        let got = call.attributes().integer("n_supports", 0)?;
        let coefficients = scores::floats(call, "coefficients")?;
        let (kernel, vectors, count) = if got == 0 {
            // The coefficients are one vector themselves.
            (Kernel::Linear, coefficients.clone(), 1)
        } else {
            let count = usize::try_from(got).ok().filter(|count| *count == coefficients.len());
            let count =
                count.ok_or_else(|| call.unsupported("n_supports", got, "one for every coefficient"))?;
            (Kernel::read(call)?, scores::floats(call, "support_vectors")?, count)
        };
        let coefficients = if got == 0 { vec![1.0] } else { coefficients };
        let rho = scores::floats(call, "rho")?;
        let constants = rho.first().map_or(vec![0.0], |rho| vec![*rho]);
        Self { kernel, vectors, coefficients, constants, rows, width, transform: Transform::read(call)? }
            .checked(call, count)
    }

    /// A sum for every pair of classes, or for every class where there are no support vectors.
    fn classifier(call: &Call<'_>, classes: usize) -> Result<Self, Cause> {
        let (rows, width) = scores::row_shape(call)?;
        let coefficients = scores::floats(call, "coefficients")?;
        let rho = scores::floats(call, "rho")?;
        let transform = Transform::read(call)?;
        let per_class = call.attributes().optional_integers("vectors_per_class")?.unwrap_or(&[]);
        let constant = |place: usize| {
            rho.get(place).copied().ok_or_else(|| scores::wrong_length(call, "rho", rho.len(), place + 1))
        };
        if per_class.iter().all(|count| *count == 0) {
            // One vector for every class, which counts for its own sum alone.
            let mut own = vec![0.0; classes * classes];
            (0..classes).for_each(|class| own[class * classes + class] = 1.0);
            let constants = vec![constant(0)?; classes];
            return Self {
                kernel: Kernel::Linear,
                vectors: coefficients,
                coefficients: own,
                constants,
                rows,
                width,
                transform,
            }
            .checked(call, classes);
        }
        if per_class.len() != classes {
            return Err(scores::wrong_length(call, "vectors_per_class", per_class.len(), classes));
        }
        let vectors = scores::floats(call, "support_vectors")?;
        let mut starts = Vec::with_capacity(classes + 1);
        let mut count = 0usize;
        for own in per_class {
            starts.push(count);
            let own = usize::try_from(*own).ok().filter(|own| *own <= vectors.len());
            let own = own.ok_or_else(|| {
                call.unsupported("vectors_per_class", "more than there are", "their numbers")
            })?;
            count += own;
        }
        starts.push(count);
        if coefficients.len() != (classes - 1) * count {
            return Err(scores::wrong_length(
                call,
                "coefficients",
                coefficients.len(),
                (classes - 1) * count,
            ));
        }
        let (mut sums, mut constants) = (Vec::new(), Vec::new());
        for first in 0..classes {
            for second in first + 1..classes {
                let mut sum = vec![0.0; count];
                for place in starts[first]..starts[first + 1] {
                    sum[place] = coefficients[(second - 1) * count + place];
                }
                for place in starts[second]..starts[second + 1] {
                    sum[place] = coefficients[first * count + place];
                }
                constants.push(constant(constants.len())?);
                sums.extend(sum);
            }
        }
        Self { kernel: Kernel::read(call)?, vectors, coefficients: sums, constants, rows, width, transform }
            .checked(call, count)
    }

    fn checked(self, call: &Call<'_>, count: usize) -> Result<Self, Cause> {
        let expected = count.saturating_mul(self.width);
        if self.vectors.len() != expected {
            return Err(scores::wrong_length(call, "support_vectors", self.vectors.len(), expected));
        }
        Ok(self)
    }

    fn count(&self) -> usize {
        self.coefficients.len() / self.constants.len().max(1)
    }

    fn sums(&self, row: &[f64]) -> Vec<f64> {
        let kernels: Vec<f64> =
            self.vectors.chunks(self.width.max(1)).map(|vector| self.kernel.of(row, vector)).collect();
        let sum = |(coefficients, constant): (&[f64], &f64)| {
            coefficients.iter().zip(&kernels).map(|(coefficient, kernel)| coefficient * kernel).sum::<f64>()
                + constant
        };
        self.coefficients.chunks(self.count().max(1)).zip(&self.constants).map(sum).collect()
    }

    /// The sums as values. Shapes: `[rows, sums]`.
    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Value, Cause> {
        let (rows, width, count) = (self.rows, self.width, self.count());
        let input = site.input(0)?;
        let input = Value { shape: vec![rows, width], ..site.builder.views(&input)? };
        let labels = lowering::Labels::new(&[rows, count], &[width]);
        let (read, weights) = (labels.axes(&[0, 2]), labels.axes(&[1, 2]));
        let is_distance = matches!(self.kernel, Kernel::Rbf { .. });
        let factor = if is_distance { -2.0 } else { 1.0 };
        let vectors: Vec<f64> = self.vectors.iter().map(|number| number * factor).collect();
        let mut kernels = site.builder.weighted(&labels, (&input, &read), (&vectors, &weights))?;
        if is_distance {
            let squares = site.times(&input, &input)?;
            let squares = site.sum(&squares, &[1])?;
            let squares = site.builder.views(&squares)?;
            let squares = site.broadcast(&squares, &[rows, count])?;
            let own = |vector: &[f64]| vector.iter().map(|number| number * number).sum::<f64>();
            let own: Vec<f64> = self.vectors.chunks(width.max(1)).map(own).collect();
            let offsets: Vec<f64> = (0..rows).flat_map(|_| own.iter().copied()).collect();
            kernels = kernels.plus(&squares, 1.0).offset(&offsets);
        }
        if self.kernel != Kernel::Linear {
            let kernel = self.kernel;
            // No true distance is below zero.
            let function = move |x: f64| kernel.function(if is_distance { x.max(0.0) } else { x });
            kernels = site.function(&kernels, &function)?;
        }
        let labels = lowering::Labels::new(&[rows, self.constants.len()], &[count]);
        let (read, weights) = (labels.axes(&[0, 2]), labels.axes(&[1, 2]));
        let sums = site.builder.weighted(&labels, (&kernels, &read), (&self.coefficients, &weights))?;
        let offsets: Vec<f64> = (0..rows).flat_map(|_| self.constants.iter().copied()).collect();
        Ok(sums.offset(&offsets))
    }
}

impl Operator for SupportVector {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let numbers = scores::numbers(call, 0)?;
        if call.operator() == "SVMRegressor" {
            let machine = Machine::regressor(call)?;
            call.spend((machine.rows * machine.vectors.len()) as u64)?;
            let one_class = call.attributes().flag("one_class", false)?;
            let rows = (0..machine.rows).map(|row| &numbers[row * machine.width..(row + 1) * machine.width]);
            let value = |row: &[f64]| {
                let sum = machine.sums(row).first().copied().unwrap_or(0.0);
                if one_class { if sum > 0.0 { 1.0 } else { -1.0 } } else { sum }
            };
            let data: Vec<f64> = rows.map(value).collect();
            return Ok(vec![Tensor::made(ElementType::Float, vec![data.len(), 1], Data::Float(data))?]);
        }
        let labels = Labels::read(call, "classlabels_ints")?;
        let machine = Machine::classifier(call, labels.count())?;
        call.spend((machine.rows * machine.vectors.len()) as u64)?;
        let method = Method::of(call, &machine, labels.count())?;
        let (mut winners, mut results, mut columns) = (Vec::new(), Vec::new(), 0);
        for row in 0..machine.rows {
            let sums = machine.sums(&numbers[row * machine.width..(row + 1) * machine.width]);
            let (winner, scores) = method.classify(&machine, labels.count(), &sums);
            columns = scores.len();
            winners.push(winner);
            results.extend(scores);
        }
        let shape = vec![machine.rows, columns];
        Ok(vec![labels.tensor(&winners)?, Tensor::made(ElementType::Float, shape, Data::Float(results))?])
    }

    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        if site.call.operator() == "SVMRegressor" {
            if site.call.attributes().flag("one_class", false)? {
                return Err(Cause::NotLowered);
            }
            let machine = Machine::regressor(&site.call)?;
            return Ok(vec![machine.lower(site)?]);
        }
        if site.wanted(0) {
            return Err(Cause::Label);
        }
        let labels = Labels::read(&site.call, "classlabels_ints")?;
        let machine = Machine::classifier(&site.call, labels.count())?;
        let method = Method::of(&site.call, &machine, labels.count())?;
        let sums = machine.lower(site)?;
        let scores = match method {
            Method::Sums { .. } => scores::lowered(site, sums, machine.transform)?,
            Method::Binary(constant) => {
                let sums = site.builder.views(&sums)?;
                let rows = machine.rows;
                let place: Vec<u32> = (0..2 * rows as u32).map(|place| place / 2).collect();
                let both = site.moved(&sums, vec![rows, 2], &place)?;
                let signs: Vec<f64> =
                    (0..2 * rows).map(|place| if place % 2 == 0 { -1.0 } else { 1.0 }).collect();
                let offsets: Vec<f64> =
                    (0..2 * rows).map(|place| if place % 2 == 0 { constant } else { 0.0 }).collect();
                let both = site.scaled(&both, &signs)?.offset(&offsets);
                let transform = if machine.transform == Transform::Logistic {
                    Transform::Logistic
                } else {
                    Transform::None
                };
                scores::lowered(site, both, transform)?
            }
            Method::Probabilities { .. } => return Err(Cause::NotLowered),
        };
        Ok(vec![scores.clone(), scores])
    }
}

/// How labels and scores come from sums.
enum Method {
    /// The sums are the scores: of classes, or of pairs of classes.
    Sums {
        /// Of pairs.
        of_pairs: bool,
    },
    /// Two classes and one sum: the constant minus it, and it.
    Binary(f64),
    /// Probabilities of classes from those of pairs, each a logistic function of its sum.
    Probabilities { slopes: Vec<f64>, offsets: Vec<f64> },
}

impl Method {
    fn of(call: &Call<'_>, machine: &Machine, classes: usize) -> Result<Self, Cause> {
        let (slopes, offsets) = (scores::floats(call, "prob_a")?, scores::floats(call, "prob_b")?);
        let per_class = call.attributes().optional_integers("vectors_per_class")?.unwrap_or(&[]);
        let is_linear = per_class.iter().all(|count| *count == 0);
        if !is_linear && !slopes.is_empty() {
            for (attribute, got) in [("prob_a", slopes.len()), ("prob_b", offsets.len())] {
                if got != machine.constants.len() {
                    return Err(scores::wrong_length(call, attribute, got, machine.constants.len()));
                }
            }
            return Ok(Self::Probabilities { slopes, offsets });
        }
        if is_linear || classes != 2 {
            return Ok(Self::Sums { of_pairs: !is_linear });
        }
        match machine.transform {
            Transform::Probit => {
                Err(call.unsupported("post_transform", "PROBIT for two classes", "NONE or LOGISTIC"))
            }
            Transform::Softmax | Transform::SoftmaxZero => Ok(Self::Binary(1.0)),
            Transform::None | Transform::Logistic => Ok(Self::Binary(0.0)),
        }
    }

    fn classify(&self, machine: &Machine, classes: usize, sums: &[f64]) -> (Winner, Vec<f64>) {
        let voted = || {
            let mut votes = vec![0usize; classes];
            let pairs =
                (0..classes).flat_map(|first| (first + 1..classes).map(move |second| (first, second)));
            for ((first, second), sum) in pairs.zip(sums) {
                votes[if *sum > 0.0 { first } else { second }] += 1;
            }
            let most = votes.iter().copied().max().unwrap_or(0);
            votes.iter().position(|count| *count == most).unwrap_or(0)
        };
        match self {
            Self::Sums { of_pairs: is_pairs } => {
                let largest = crate::network::arg_max(sums);
                let best = if *is_pairs { voted() } else { largest };
                let winner = if *is_pairs || classes != 2 {
                    best
                } else {
                    // Linear scores of two classes: a positive one is the second class.
                    let positive = machine.vectors.iter().all(|weight| *weight >= 0.0);
                    let score = sums.get(largest).copied().unwrap_or(0.0);
                    if positive && score >= 0.5 || !positive && score > 0.0 { 1 } else { largest }
                };
                let mut scores = sums.to_vec();
                machine.transform.apply(&mut scores);
                (Winner::Class(winner), scores)
            }
            Self::Binary(constant) => {
                let sum = sums.first().copied().unwrap_or(0.0);
                let scores = match machine.transform {
                    Transform::Logistic => vec![logistic(-sum), logistic(sum)],
                    _ => vec![constant - sum, sum],
                };
                (Winner::Class(voted()), scores)
            }
            Self::Probabilities { slopes, offsets } => {
                let pairs = sums.iter().zip(slopes).zip(offsets);
                let pairs: Vec<f64> = pairs
                    .map(|((sum, slope), offset)| {
                        (1.0 - logistic(sum * slope + offset)).clamp(1e-7, 1.0 - 1e-7)
                    })
                    .collect();
                let mut scores = coupled(classes, &pairs);
                machine.transform.apply(&mut scores);
                (Winner::Class(voted()), scores)
            }
        }
    }
}

/// Probabilities of classes from those of pairs, the first of each winning.
///
/// Source: Wu, Lin, Weng, Probability estimates for multi-class classification by pairwise coupling (2004), second method.
fn coupled(classes: usize, pairs: &[f64]) -> Vec<f64> {
    let mut wins = vec![vec![0.0; classes]; classes];
    let places = (0..classes).flat_map(|first| (first + 1..classes).map(move |second| (first, second)));
    for ((first, second), share) in places.zip(pairs) {
        wins[first][second] = *share;
        wins[second][first] = 1.0 - share;
    }
    let entry = |row: usize, column: usize| {
        if row == column {
            (0..classes).filter(|other| *other != row).map(|other| wins[other][row] * wins[other][row]).sum()
        } else {
            -wins[column][row] * wins[row][column]
        }
    };
    let matrix: Vec<Vec<f64>> =
        (0..classes).map(|row| (0..classes).map(|column| entry(row, column)).collect()).collect();
    let mut shares = vec![1.0 / classes as f64; classes];
    let limit = 0.005 / classes as f64;
    for _ in 0..100 {
        let mut products: Vec<f64> =
            matrix.iter().map(|row| row.iter().zip(&shares).map(|(a, b)| a * b).sum()).collect();
        let mut total: f64 = products.iter().zip(&shares).map(|(a, b)| a * b).sum();
        if products.iter().all(|product| (product - total).abs() < limit) {
            break;
        }
        for place in 0..classes {
            let change = (total - products[place]) / matrix[place][place];
            shares[place] += change;
            let scale = 1.0 + change;
            total =
                (total + change * (change * matrix[place][place] + 2.0 * products[place])) / scale / scale;
            for other in 0..classes {
                products[other] = (products[other] + change * matrix[place][other]) / scale;
                shares[other] /= scale;
            }
        }
    }
    shares
}
