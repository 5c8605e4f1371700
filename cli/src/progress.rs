//! Progress of what takes longer than a second, on the standard error of a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

const SILENT: Duration = Duration::from_secs(1);

/// A progress line that appears only after a second, and only where somebody watches.
pub struct Progress {
    label: &'static str,
    started: Instant,
    watched: bool,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Begins to count; nothing is shown yet.
    #[must_use]
    pub fn new(label: &'static str) -> Self {
        Self { label, started: Instant::now(), watched: std::io::stderr().is_terminal(), bar: None }
    }
    /// So much is done.
    pub fn at(&mut self, done: u64, total: u64) {
        if !self.watched || self.started.elapsed() < SILENT {
            return;
        }
        let label = self.label;
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::new(total);
            // The template is a constant of this file; a wrong one would only lose its looks.
            if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {elapsed}") {
                bar.set_style(style);
            }
            bar.set_message(label);
            bar
        });
        bar.set_length(total);
        bar.set_position(done);
    }
    /// Shows that something is going on whose end is not known, until the returned guard is dropped.
    #[must_use]
    pub fn spinner(label: &'static str) -> Spinner {
        if !std::io::stderr().is_terminal() {
            return Spinner(None);
        }
        let bar = ProgressBar::new_spinner();
        bar.set_message(label);
        bar.enable_steady_tick(SILENT);
        Spinner(Some(bar))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Turns until it is dropped.
pub struct Spinner(Option<ProgressBar>);

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
