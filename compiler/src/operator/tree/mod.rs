//! TreeEnsemble, TreeEnsembleClassifier, TreeEnsembleRegressor: sums over decision trees.
//!
//! Scores and labels follow onnxruntime where ONNX leaves them open: two classes of which only one is scored, base values of two
//! classes, transformations of a single target.

mod classes;
mod ensemble;
mod integer;
mod paths;
mod read;
mod score;

use super::{Call, Form, Operator, scores};
use crate::lowering::{Site, Value};
use crate::onnx::Cause;
use crate::tensor::{Data, ElementType, Tensor};
use ensemble::Ensemble;

/// Sums over decision trees.
pub(super) struct Trees;

static FORMS: [Form; 3] = [
    Form::new("TreeEnsemble", 1, 1)
        .attributes(&[
            "aggregate_function",
            "leaf_targetids",
            "leaf_weights",
            "membership_values",
            "n_targets",
            "nodes_falseleafs",
            "nodes_falsenodeids",
            "nodes_featureids",
            "nodes_hitrates",
            "nodes_missing_value_tracks_true",
            "nodes_modes",
            "nodes_splits",
            "nodes_trueleafs",
            "nodes_truenodeids",
            "post_transform",
            "tree_roots",
        ])
        .ml()
        .since(5),
    Form::new("TreeEnsembleClassifier", 1, 1)
        .attributes(&[
            "base_values",
            "base_values_as_tensor",
            "class_ids",
            "class_nodeids",
            "class_treeids",
            "class_weights",
            "class_weights_as_tensor",
            "classlabels_int64s",
            "classlabels_strings",
            "nodes_falsenodeids",
            "nodes_featureids",
            "nodes_hitrates",
            "nodes_hitrates_as_tensor",
            "nodes_missing_value_tracks_true",
            "nodes_modes",
            "nodes_nodeids",
            "nodes_treeids",
            "nodes_truenodeids",
            "nodes_values",
            "nodes_values_as_tensor",
            "post_transform",
        ])
        .outputs(2)
        .ml(),
    Form::new("TreeEnsembleRegressor", 1, 1)
        .attributes(&[
            "aggregate_function",
            "base_values",
            "base_values_as_tensor",
            "n_targets",
            "nodes_falsenodeids",
            "nodes_featureids",
            "nodes_hitrates",
            "nodes_hitrates_as_tensor",
            "nodes_missing_value_tracks_true",
            "nodes_modes",
            "nodes_nodeids",
            "nodes_treeids",
            "nodes_truenodeids",
            "nodes_values",
            "nodes_values_as_tensor",
            "post_transform",
            "target_ids",
            "target_nodeids",
            "target_treeids",
            "target_weights",
            "target_weights_as_tensor",
        ])
        .ml(),
];

impl Operator for Trees {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let ensemble = Ensemble::read(call)?;
        let rows = Rows::of(call, &ensemble)?;
        // Classifiers and regressors give FLOAT for every input.
        let is_double = call.operator() == "TreeEnsemble" && rows.element_type == ElementType::Double;
        let made = if is_double { ElementType::Double } else { ElementType::Float };
        // One row's sum goes through every tree.
        call.spend(rows.count as u64 * ensemble.steps())?;
        let shape = vec![rows.count, ensemble.outputs];
        let mut scores = Vec::with_capacity(call.elements(&shape)?);
        if call.operator() != "TreeEnsembleClassifier" {
            for row in rows.each() {
                scores.extend(score::targets(&ensemble, row, rows.element_type));
            }
            return Ok(vec![Tensor::made(made, shape, Data::Float(scores))?]);
        }
        let labels = scores::Labels::read(call, "classlabels_int64s")?;
        let binary = classes::Binary::of(&ensemble);
        let mut winners = Vec::with_capacity(rows.count);
        for row in rows.each() {
            let result = classes::classify(call, &ensemble, binary, row, rows.element_type)?;
            scores.extend(result.scores);
            winners.push(result.winner);
        }
        let scores = Tensor::made(made, shape, Data::Float(scores))?;
        Ok(vec![labels.tensor(&winners)?, scores])
    }

    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        integer::lower(site)
    }
}

/// The input as rows of features.
struct Rows {
    values: Vec<f64>,
    count: usize,
    width: usize,
    element_type: ElementType,
}

impl Rows {
    /// Errors: texts; another number of axes than one or two; a feature that no row has.
    fn of(call: &Call<'_>, ensemble: &Ensemble) -> Result<Self, Cause> {
        let input = call.input(0)?;
        let (count, width) = scores::row_shape(call)?;
        ensemble.check_features(width)?;
        let values = scores::numbers(call, 0)?;
        Ok(Self { values, count, width, element_type: input.element_type() })
    }

    fn each(&self) -> impl Iterator<Item = &[f64]> {
        // A width of zero has been refused where a tree reads a feature; without features every row is empty.
        let width = self.width;
        (0..self.count).map(move |row| self.values.get(row * width..(row + 1) * width).unwrap_or(&[]))
    }
}
