//! What is wrong with a name or a term.

use crate::limits;
use thiserror::Error;

/// What is wrong with a name or text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum NameDefect {
    /// No character.
    #[error("it is empty")]
    Empty,
    /// Too many bytes.
    #[error("it has {got} bytes, at most {limit} are allowed")]
    TooLong {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// A character that changes how a terminal shows what surrounds it.
    #[error("it has a control character")]
    ControlCharacter,
    /// Not an identifier of Solidity.
    #[error("it is not letters, digits, _ and $, starting with none of the digits")]
    NotIdentifier,
}

/// What is wrong with a term.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum TermDefect {
    /// Class and card sum over different labels, or there are too many.
    #[error("class and card sum over different labels, or it has more than {} labels", limits::LABELS)]
    Summed,
    /// An extent that differs from what it belongs to.
    #[error("an extent differs from that of its axis or label")]
    Extent,
    /// A label that is unknown, occurs twice in an operand or is absent where it is needed.
    #[error("label {label} is unknown, occurs twice or is missing")]
    Label {
        /// The label.
        label: u8,
    },
    /// Output labels of weights out of order or unknown.
    #[error("the weights' labels are not ascending output labels")]
    Weights,
    /// A weighted term with a coefficient.
    #[error("a weighted term has coefficient 1: its weights hold the factor")]
    Coefficient,
    /// Views that do not cover the tensor's axes.
    #[error("its views do not cover the axes of the tensor")]
    Axes,
    /// A label that a linear term sums over as a whole axis.
    #[error("label {label} is summed over as a whole axis; a window states how far")]
    SummedAxis {
        /// The label.
        label: u8,
    },
    /// Labels of a view out of order.
    #[error("labels of a view are not ascending")]
    Order,
    /// A step of 0.
    #[error("a window has step 0")]
    Step,
    /// A listed view with another number of indices than combinations.
    #[error("a listed view has another number of indices than combinations of labels")]
    Listed,
    /// A view that goes through too many combinations.
    #[error("a view has more than {} combinations of labels", limits::GROUP)]
    Size,
    /// A group that says nothing.
    #[error("a view has neither axes nor labels")]
    Empty,
}
