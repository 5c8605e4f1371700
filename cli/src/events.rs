//! What servers report, as lines on the standard error.

use std::fmt::{Debug, Write};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Prints what a log did by itself, warnings and errors; spans are not used.
struct Lines;

/// Prints what servers report from now on. A second call changes nothing.
pub fn print() {
    // It fails only where somebody listens already.
    let _ = tracing::subscriber::set_global_default(Lines);
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO && metadata.target().starts_with("candor")
    }
    fn event(&self, event: &Event<'_>) {
        let mut text = Text(event.metadata().level().as_str().to_ascii_lowercase() + ":");
        event.record(&mut text);
        eprintln!("{}", text.0);
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
