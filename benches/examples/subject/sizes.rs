//! How long the messages of a proof are.

use candor_circuits::argument;
use candor_circuits::channel::{Channel, Check, Received, Step};
use candor_circuits::layout::Layout;
use candor_circuits::native::{ArgumentError, NativeChannel};
use candor_circuits::statement::{ProgramData, PublicValues};
use candor_program::Fr;

struct Measuring<'a> {
    inner: NativeChannel<'a>,
    messages: Vec<(Step, usize)>,
}

impl Channel for Measuring<'_> {
    type F = Fr;
    type Error = ArgumentError;

    fn known(&mut self, step: Step, values: &[Fr]) {
        self.inner.known(step, values);
    }
    fn scalars(&mut self, step: Step, count: usize) -> Result<Vec<Fr>, ArgumentError> {
        self.messages.push((step, 32 * count));
        self.inner.scalars(step, count)
    }
    fn points(&mut self, step: Step, count: usize) -> Result<Received, ArgumentError> {
        self.messages.push((step, 64 * count));
        self.inner.points(step, count)
    }
    fn challenge(&mut self) -> Fr {
        self.inner.challenge()
    }
    fn equal(&mut self, check: Check, left: &Fr, right: &Fr) -> Result<(), ArgumentError> {
        self.inner.equal(check, left, right)
    }
    fn inverse(&mut self, check: Check, value: &Fr) -> Result<Fr, ArgumentError> {
        self.inner.inverse(check, value)
    }
}

/// The kinds of messages in the order of the first of each, and the bytes of each kind.
pub(crate) fn sizes(
    layout: &Layout,
    data: &ProgramData<Fr>,
    public: &PublicValues<Fr>,
    proof: &[u8],
) -> Result<Vec<(String, usize)>, ArgumentError> {
    let mut channel = Measuring { inner: NativeChannel::new(proof), messages: Vec::new() };
    argument::verify(&mut channel, layout, data, public)?;
    let mut kinds: Vec<(String, usize)> = Vec::new();
    for (step, bytes) in channel.messages {
        let name: String = format!("{step:?}").chars().take_while(char::is_ascii_alphabetic).collect();
        match kinds.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum += bytes,
            None => kinds.push((name, bytes)),
        }
    }
    Ok(kinds)
}
