//! `[limits]`: each becomes registers, windows and rules, with reasons and remedies.

use super::expression::known_fact;
use super::policy::{Builder, Limit};
use super::source::{File, Limits, Literal};
use super::state::{Memory, When};
use super::{ManifestCause, ManifestError, Place, Text};
use crate::nearest::nearest;
use crate::vocabulary::Vocabulary;
use candor_program::decimal::format_decimal;
use candor_program::evidence::Slot;
use candor_program::head::Head;
use candor_program::policy::{Comparison, Effect, Fact, Operand, Predicate};
use candor_program::state::{Register, Update, Window};
use toml::Spanned;

/// What the agent is made of so far.
pub(super) struct Surroundings<'a> {
    pub(super) head: &'a Head,
    pub(super) amount_decimals: u8,
    pub(super) evidence: &'a [Slot],
    /// Without registers that limits add.
    pub(super) vocabulary: &'a Vocabulary,
}

/// A period that budgets begin anew with: key, adjective, seconds, offset (weeks begin on Monday).
const PERIODS: [(&str, &str, u32, u32); 3] = [
    ("hour", "hour", 3600, 0),
    ("day", "day (UTC)", 86_400, 0),
    ("week", "week (Monday, UTC)", 604_800, 259_200),
];

/// Adds what the limits remember, and gives the rules that they become.
///
/// Owes: that the rules join a table whose vocabulary has the registers added here.
pub(super) fn expand(
    text: Text<'_>,
    file: &File,
    surroundings: &Surroundings<'_>,
    memory: &mut Memory,
) -> Result<Vec<Pending>, ManifestError> {
    let Some(limits) = &file.limits else { return Ok(Vec::new()) };
    let mut expansion = Expansion { text, surroundings, memory, rules: Vec::new(), limits: limits.get_ref() };
    expansion.instruments()?;
    expansion.order()?;
    expansion.approval()?;
    expansion.circuit_breaker()?;
    expansion.interval()?;
    expansion.budgets()?;
    expansion.positions()?;
    expansion.dead_band()?;
    let rules = expansion.rules;
    if rules.is_empty() {
        return Err(text.error(limits.span(), "limits", ManifestCause::NoLimit));
    }
    Ok(rules)
}

/// A rule, or one whose condition is text until the vocabulary is complete.
pub(super) struct Pending {
    limit: Limit,
    condition: Option<(String, Place)>,
}

impl Pending {
    /// The rules with their conditions read.
    pub(super) fn read(all: Vec<Self>, builder: &Builder<'_>) -> Result<Vec<Limit>, ManifestError> {
        let read = |Self { mut limit, condition }: Self| {
            if let Some((condition, place)) = condition {
                limit.all_of.push(builder.condition(&condition, &place)?);
            }
            Ok(limit)
        };
        all.into_iter().map(read).collect()
    }
}

/// The rule that permits what no limit forbids, where there are no other rules.
pub(super) fn within_limits(place: Place) -> Limit {
    Limit {
        name: "within-limits".into(),
        effect: Effect::Permit,
        all_of: Vec::new(),
        none_of: Vec::new(),
        reason: "within-limits".into(),
        remedy: String::new(),
        place,
    }
}

struct Expansion<'a> {
    text: Text<'a>,
    surroundings: &'a Surroundings<'a>,
    memory: &'a mut Memory,
    rules: Vec<Pending>,
    limits: &'a Limits,
}

fn compare(fact: Fact, comparison: Comparison, value: i64) -> Predicate {
    Predicate { fact, comparison, operand: Operand::Constant(value) }
}

/// A register that changes on executions alone.
fn register(name: String, source: Operand, update: Update) -> Register {
    Register {
        name,
        initial: 0,
        window: None,
        source,
        when: None,
        on_execute: update,
        on_deny: Update::Keep,
        on_abstain: Update::Keep,
    }
}

impl Expansion<'_> {
    fn place<T>(&self, value: &Spanned<T>, key: &str) -> Place {
        Place::new(value.span(), format!("limits.{key}"))
    }

    fn forbid(&mut self, name: &str, all_of: Vec<Predicate>, remedy: String, place: &Place) {
        self.push(name, name, (all_of, Vec::new()), remedy, place);
    }

    fn push(
        &mut self,
        name: &str,
        reason: &str,
        (all_of, none_of): (Vec<Predicate>, Vec<Predicate>),
        remedy: String,
        place: &Place,
    ) {
        let limit = Limit {
            name: name.into(),
            effect: Effect::Forbid,
            all_of,
            none_of,
            reason: reason.into(),
            remedy,
            place: place.clone(),
        };
        self.rules.push(Pending { limit, condition: None });
    }

    /// An amount above 0, in the scale of actions.
    fn amount(&self, literal: &Spanned<Literal>, key: &str) -> Result<i64, ManifestError> {
        let value = self.text.decimal(literal, format!("limits.{key}"), self.surroundings.amount_decimals)?;
        self.positive(value, literal, key)
    }

    fn positive(&self, value: i64, literal: &Spanned<Literal>, key: &str) -> Result<i64, ManifestError> {
        if value > 0 {
            return Ok(value);
        }
        let cause = ManifestCause::NotPositive { got: literal.get_ref().0.clone() };
        Err(self.text.error(literal.span(), format!("limits.{key}"), cause))
    }

    fn duration(&self, literal: &Spanned<Literal>, key: &str) -> Result<i64, ManifestError> {
        let seconds = self.text.duration(literal, format!("limits.{key}"))?;
        self.positive(seconds, literal, key)
    }

    fn show(&self, amount: i64) -> String {
        format_decimal(amount, self.surroundings.amount_decimals)
    }

    /// `allowed_assets`, `allowed_venues`
    fn instruments(&mut self) -> Result<(), ManifestError> {
        let head = self.surroundings.head;
        let lists = [
            ("allowed_assets", "asset", &self.limits.allowed_assets, head.assets(), Fact::ActionAsset),
            ("allowed_venues", "venue", &self.limits.allowed_venues, head.venues(), Fact::ActionVenue),
        ];
        for (key, kind, list, known, fact) in lists {
            let Some(list) = list else { continue };
            let place = self.place(list, key);
            if list.get_ref().is_empty() {
                return Err(self.text.at(&place, ManifestCause::Empty));
            }
            let mut none_of = Vec::new();
            let mut names = Vec::new();
            for name in list.get_ref() {
                let index = self.instrument(name, known, &place.field)?;
                none_of.push(compare(fact, Comparison::Equal, index.into()));
                names.push(name.get_ref().as_str());
            }
            let remedy = format!("use an allowed {kind}: {}", names.join(", "));
            let name = key.replace('_', "-");
            self.push(&name, &name, (Vec::new(), none_of), remedy, &place);
        }
        Ok(())
    }

    fn instrument(
        &self,
        name: &Spanned<String>,
        known: &[String],
        field: &str,
    ) -> Result<u16, ManifestError> {
        let got = name.get_ref();
        match known.iter().position(|known| known == got) {
            // At most `limits::INSTRUMENTS`.
            Some(index) => Ok(index as u16),
            None => {
                let meant = nearest(got, known.iter().map(String::as_str));
                let cause =
                    ManifestCause::UnknownInstrument { got: got.clone(), meant, known: known.join(", ") };
                Err(self.text.error(name.span(), field, cause))
            }
        }
    }

    /// `max_order`
    fn order(&mut self) -> Result<(), ManifestError> {
        let Some(literal) = &self.limits.max_order else { return Ok(()) };
        let most = self.amount(literal, "max_order")?;
        let remedy = format!("ask for at most {}", self.show(most));
        let place = self.place(literal, "max_order");
        let above = compare(Fact::ActionMagnitude, Comparison::Greater, most);
        self.forbid("max-order", vec![above], remedy, &place);
        Ok(())
    }

    /// `require_approval_above`, `approval`
    fn approval(&mut self) -> Result<(), ManifestError> {
        let Some(literal) = &self.limits.require_approval_above else {
            return match &self.limits.approval {
                None => Ok(()),
                Some(approval) => {
                    let place = self.place(approval, "approval");
                    Err(self.text.at(&place, ManifestCause::ApprovalAlone))
                }
            };
        };
        let key = "require_approval_above";
        let place = self.place(literal, key);
        let threshold = self.amount(literal, key)?;
        let approval = self.limits.approval.as_ref().map(Spanned::get_ref);
        let name = approval.and_then(|approval| approval.evidence.as_ref());
        let name = name.map_or("approval", |name| name.get_ref().as_str());
        let slots = self.surroundings.evidence;
        let Some(index) = slots.iter().position(|slot| slot.name == name) else {
            let names = || slots.iter().map(|slot| slot.name.as_str());
            let (meant, known) = (nearest(name, names()), names().collect::<Vec<_>>().join(", "));
            let cause = ManifestCause::UnknownSlot { got: name.into(), meant, known };
            return Err(self.text.at(&place, cause));
        };
        let slot = &slots[index];
        let decimals = self.surroundings.amount_decimals;
        if slot.decimals != decimals || slot.default != Some(0) {
            let cause = ManifestCause::ApprovalSlot { slot: name.into(), decimals };
            return Err(self.text.at(&place, cause));
        }
        // At most 16 slots.
        let index = index as u16;
        let above = compare(Fact::ActionMagnitude, Comparison::Greater, threshold);
        let enough = Predicate {
            fact: Fact::Evidence(index),
            comparison: Comparison::GreaterOrEqual,
            operand: Fact::ActionMagnitude.into(),
        };
        let remedy =
            format!("ask for at most {}, or bring a statement {name} of the amount", self.show(threshold));
        self.push("approval-required", "approval-required", (vec![above], vec![enough]), remedy, &place);
        if approval.is_some_and(|approval| approval.single_use) {
            let used = register(format!("{name}_used"), Fact::Issued(index).into(), Update::Set);
            let used = self.memory.register(self.text, used, Some(When::Is(above)), &place)?;
            let stale = Predicate {
                fact: Fact::After(used),
                comparison: Comparison::LessOrEqual,
                operand: Fact::Register(used).into(),
            };
            let remedy = format!("bring a statement {name} that was issued after the one used last");
            self.forbid("approval-used", vec![above, stale], remedy, &place);
        }
        Ok(())
    }

    /// `circuit_breaker`
    fn circuit_breaker(&mut self) -> Result<(), ManifestError> {
        let Some(breaker) = &self.limits.circuit_breaker else { return Ok(()) };
        let (when, literal) = (&breaker.get_ref().when, &breaker.get_ref().cool_down);
        let place = self.place(breaker, "circuit_breaker");
        let when_place = self.place(when, "circuit_breaker.when");
        let cool_down = self.duration(literal, "circuit_breaker.for")?;
        let tripped = Register {
            on_deny: Update::Set,
            on_abstain: Update::Set,
            ..register("circuit_breaker_tripped".into(), Fact::Time.into(), Update::Set)
        };
        let condition = When::Text(when.get_ref().clone(), when_place.clone());
        let tripped = self.memory.register(self.text, tripped, Some(condition), &place)?;
        let remedy = format!(
            "wait until {} have passed since a decision at which {}",
            literal.get_ref().0,
            when.get_ref()
        );
        // The decision that trips it, then those that follow.
        self.push(
            "circuit-breaker-trips",
            "circuit-breaker",
            (Vec::new(), Vec::new()),
            remedy.clone(),
            &place,
        );
        if let Some(rule) = self.rules.last_mut() {
            rule.condition = Some((when.get_ref().clone(), when_place));
        }
        let cooling = compare(Fact::Elapsed(tripped), Comparison::Less, cool_down);
        self.push("circuit-breaker", "circuit-breaker", (vec![cooling], Vec::new()), remedy, &place);
        Ok(())
    }

    /// `min_interval`
    fn interval(&mut self) -> Result<(), ManifestError> {
        let Some(literal) = &self.limits.min_interval else { return Ok(()) };
        let place = self.place(literal, "min_interval");
        let seconds = self.duration(literal, "min_interval")?;
        let last = register("last_execution".into(), Fact::Time.into(), Update::Set);
        let last = self.memory.register(self.text, last, None, &place)?;
        let remedy = format!("wait until {} have passed since the last execution", literal.get_ref().0);
        let early = compare(Fact::Elapsed(last), Comparison::Less, seconds);
        self.forbid("min-interval", vec![early], remedy, &place);
        Ok(())
    }

    /// `max_actions_per_...`, `max_notional_per_...`, `max_turnover_per_week`
    fn budgets(&mut self) -> Result<(), ManifestError> {
        let limits = self.limits;
        let magnitude = Operand::from(Fact::ActionMagnitude);
        let budgets = [
            ("actions", Operand::Constant(1), 0, &limits.max_actions_per_hour),
            ("actions", Operand::Constant(1), 1, &limits.max_actions_per_day),
            ("actions", Operand::Constant(1), 2, &limits.max_actions_per_week),
            ("notional", magnitude, 0, &limits.max_notional_per_hour),
            ("notional", magnitude, 1, &limits.max_notional_per_day),
            ("notional", magnitude, 2, &limits.max_notional_per_week),
            ("turnover", magnitude, 2, &limits.max_turnover_per_week),
        ];
        for (what, source, period, literal) in budgets {
            let Some(literal) = literal else { continue };
            let (period, shown, seconds, offset) = PERIODS[period];
            let key = format!("max_{what}_per_{period}");
            let place = self.place(literal, &key);
            let (most, shown_most) = if what == "actions" {
                let most = self.text.decimal(literal, place.field.clone(), 0)?;
                (self.positive(most, literal, &key)?, most.to_string())
            } else {
                let most = self.amount(literal, &key)?;
                (most, self.show(most))
            };
            let window = Window { name: period.into(), seconds, offset };
            let window = self.memory.window(self.text, &window, &place)?;
            let budget = Register {
                window: Some(window),
                ..register(format!("{what}_in_{period}"), source, Update::Add)
            };
            let budget = self.memory.register(self.text, budget, None, &place)?;
            let remedy = format!("stay within {shown_most} in one {shown}, or wait for the next");
            let above = compare(Fact::After(budget), Comparison::Greater, most);
            self.forbid(&key.replace('_', "-"), vec![above], remedy, &place);
        }
        Ok(())
    }

    /// `max_position`
    fn positions(&mut self) -> Result<(), ManifestError> {
        let Some(positions) = &self.limits.max_position else { return Ok(()) };
        let place = self.place(positions, "max_position");
        let head = self.surroundings.head;
        if positions.get_ref().is_empty() {
            return Err(self.text.at(&place, ManifestCause::Empty));
        }
        if let Some(name) = positions.get_ref().keys().find(|name| !head.assets().contains(name)) {
            let meant = nearest(name, head.assets().iter().map(String::as_str));
            let known = head.assets().join(", ");
            let cause = ManifestCause::UnknownInstrument { got: name.clone(), meant, known };
            return Err(self.text.at(&place, cause));
        }
        for (asset, name) in (0_i64..).zip(head.assets()) {
            let trades = |action: &candor_program::head::ActionTemplate| {
                !action.abstain && i64::from(action.asset) == asset
            };
            let traded = head.actions().iter().any(trades);
            let Some(literal) = positions.get_ref().get(name) else {
                if traded {
                    return Err(self.text.at(&place, ManifestCause::PositionMissing { asset: name.clone() }));
                }
                continue;
            };
            let key = format!("max_position.{name}");
            let most = self.amount(literal, &key)?;
            let place = self.place(literal, &key);
            let held = register(format!("position_{name}"), Fact::ActionAmount.into(), Update::Add);
            let others = head.assets().len() > 1;
            let when = others.then(|| When::Is(compare(Fact::ActionAsset, Comparison::Equal, asset)));
            let held = self.memory.register(self.text, held, when, &place)?;
            let remedy = format!("keep the position in {name} from -{0} to {0}", self.show(most));
            let reason = format!("max-position-{name}");
            for (side, comparison, bound) in
                [("long", Comparison::Greater, most), ("short", Comparison::Less, -most)]
            {
                let beyond = compare(Fact::After(held), comparison, bound);
                let rule = format!("{reason}-{side}");
                self.push(&rule, &reason, (vec![beyond], Vec::new()), remedy.clone(), &place);
            }
        }
        Ok(())
    }

    /// `dead_band`
    fn dead_band(&mut self) -> Result<(), ManifestError> {
        let Some(band) = &self.limits.dead_band else { return Ok(()) };
        let (signal, by) = (&band.get_ref().signal, &band.get_ref().by);
        let vocabulary = self.surroundings.vocabulary;
        let signal_place = self.place(signal, "dead_band.signal");
        let fact =
            known_fact(signal.get_ref(), vocabulary).map_err(|cause| self.text.at(&signal_place, cause))?;
        let range = vocabulary.range(fact);
        if !matches!(fact, Fact::Feature(_) | Fact::Output(_)) {
            let cause = ManifestCause::Signal { got: signal.get_ref().clone() };
            return Err(self.text.at(&signal_place, cause));
        }
        let width = self.text.constant(by, "limits.dead_band.by".into(), fact, vocabulary)?;
        let width = self.positive(width, by, "dead_band.by")?;
        // So far below every signal that the first execution is outside of the band.
        let Some(initial) = range.lowest.checked_sub(width) else {
            let cause = ManifestCause::NotPositive { got: by.get_ref().0.clone() };
            return Err(self.text.error(by.span(), "limits.dead_band.by", cause));
        };
        let place = self.place(band, "dead_band");
        let last = Register { initial, ..register("last_signal".into(), fact.into(), Update::Set) };
        let last = self.memory.register(self.text, last, None, &place)?;
        let remedy = format!(
            "wait until {} differs by {} from its value at the last execution",
            signal.get_ref(),
            by.get_ref().0
        );
        let inside = compare(Fact::Change(last), Comparison::Less, width);
        self.forbid("dead-band", vec![inside], remedy, &place);
        Ok(())
    }
}
