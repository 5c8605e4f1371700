//! Random Cedar policies about the agent of `cedar.rs`, most of them within what a table can express.

#![allow(dead_code, unreachable_pub, reason = "each test tree uses a part")]

use super::Numbers;
use candor_compiler::cedar::{Attribute, Kind, Schema};
use candor_program::policy::Fact;
use std::fmt::Write;

const ORDERS: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];
const METHODS: [&str; 4] = ["lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual"];

/// Writes policies.
pub struct Generator<'g> {
    pub schema: &'g Schema,
    pub numbers: &'g mut Numbers,
    /// Names of assets and venues exist.
    pub plain: bool,
}

impl Generator<'_> {
    /// A policy file of 1 to 5 policies.
    pub fn file(&mut self) -> String {
        let mut text = String::new();
        let policies = 1 + self.below(5);
        for index in 0..policies {
            // Reasons are shared now and then.
            let reason = if self.one_in(4) { 0 } else { index };
            let _ = writeln!(text, "@reason(\"r{reason}\")");
            if self.one_in(3) {
                let _ = writeln!(text, "@id(\"rule-{index}\") @remedy(\"do r{reason}\")");
            }
            let effect = if index == 0 || self.one_in(2) { "permit" } else { "forbid" };
            let scope = self.scope();
            let _ = write!(text, "{effect} ({scope})");
            for _ in 0..self.below(3) {
                let kind = if self.one_in(3) { "unless" } else { "when" };
                let depth = self.below(4);
                let condition = self.condition(depth);
                let _ = write!(text, "\n{kind} {{ {condition} }}");
            }
            text.push_str(";\n");
        }
        for slot in ["kyc", "jurisdiction"] {
            if text.contains(slot) && !self.one_in(3) {
                let _ = writeln!(
                    text,
                    "forbid (principal, action, resource) unless {{ context.evidence has {slot} }};"
                );
            }
        }
        text
    }

    fn below(&mut self, limit: usize) -> usize {
        self.numbers.below(limit)
    }

    fn one_in(&mut self, limit: usize) -> bool {
        self.below(limit) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn scope(&mut self) -> String {
        let principal = self.pick(&[
            "principal",
            "principal",
            "principal is Agent",
            "principal == Agent::\"trader\"",
            "principal is Agent in Agent::\"trader\"",
        ]);
        let action = self.pick(&[
            "action",
            "action",
            "action",
            "action == Action::\"buy\"",
            "action == Action::\"sell-all\"",
            "action in [Action::\"sell\", Action::\"buy \\\"more\\\"\"]",
            "action in Action::\"positive\"",
            "action in [Action::\"negative\", Action::\"buy\"]",
        ]);
        let resource = if self.plain {
            self.pick(&["resource", "resource is Asset", "resource == Asset::\"0\""])
        } else {
            self.pick(&[
                "resource",
                "resource",
                "resource == Asset::\"DJI\"",
                "resource in Asset::\"SPX\"",
                "resource is Asset in Asset::\"VIX\"",
            ])
        };
        format!("{principal}, {action}, {resource}")
    }

    /// A condition, nested at most so deep.
    pub fn condition(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.atom();
        }
        let part = |generator: &mut Self| {
            let depth = generator.below(depth);
            generator.condition(depth)
        };
        match self.below(14) {
            0..=3 => {
                let (left, right) = (part(self), part(self));
                format!("({left} && {right})")
            }
            4..=7 => {
                let (left, right) = (part(self), part(self));
                format!("({left} || {right})")
            }
            8..=10 => format!("!({})", part(self)),
            11 => {
                let (test, then, otherwise) = (part(self), part(self), part(self));
                format!("(if {test} then {then} else {otherwise})")
            }
            12 => {
                let (left, right) = (part(self), part(self));
                format!("(({left}) == ({right}))")
            }
            _ => {
                let (left, right) = (part(self), part(self));
                format!("(({left}) != ({right}))")
            }
        }
    }

    fn atom(&mut self) -> String {
        match self.below(16) {
            0 => self.entity(),
            1 => self.pick(&["true", "false", "1 < 2", "-3 * 2 == 2 - 8", "\"a\" == \"b\""]).into(),
            2 => self
                .pick(&[
                    "context has time",
                    "context has evidence.kyc",
                    "context.evidence has jurisdiction",
                    "context.evidence has approval",
                    "context.issued has approval",
                    "context.number has nothing",
                    "context has nothing",
                ])
                .into(),
            _ => self.fact(),
        }
    }

    fn entity(&mut self) -> String {
        let everywhere = [
            "action == Action::\"buy\"",
            "action != Action::\"sell\"",
            "Action::\"sell-all\" == action",
            "action in Action::\"act\"",
            "action in [Action::\"buy\", Action::\"negative\"]",
            "principal == Agent::\"trader\"",
            "principal in [Agent::\"trader\"]",
            "resource is Asset",
            "[Action::\"buy\", Action::\"sell\"].contains(action)",
        ];
        let named = [
            "resource == Asset::\"NDX\"",
            "resource != Asset::\"RUT\"",
            "resource in [Asset::\"SPX\", Asset::\"DJI\", Asset::\"VIX\"]",
            "resource in [Asset::\"SPX\", Asset::\"NDX\", Asset::\"DJI\"]",
            "context.action.venue == Venue::\"XNAS\"",
            "context.action.venue in [Venue::\"XNYS\", Venue::\"XNAS\"]",
            "context.action.venue is Venue",
            "[Asset::\"SPX\", Asset::\"VIX\"].contains(resource)",
        ];
        if self.plain || self.one_in(2) { self.pick(&everywhere).into() } else { self.pick(&named).into() }
    }

    fn fact(&mut self) -> String {
        let schema = self.schema;
        let attributes: Vec<&Attribute> = schema.attributes().collect();
        let attribute = self.pick(&attributes);
        let atom = match attribute.kind {
            Kind::Long => self.long(attribute, &attributes),
            Kind::Decimal => self.decimal(attribute, &attributes),
            Kind::Text => self.text(attribute),
            Kind::Flag => {
                let flag = access(attribute);
                let form = self.below(3);
                [flag.clone(), format!("!{flag}"), format!("{flag} == false")][form].clone()
            }
            Kind::Venue => format!("{} == Venue::\"XNYS\"", access(attribute)),
        };
        self.guarded(attribute, atom)
    }

    /// Evidence that can be missing is asked for first.
    fn guarded(&mut self, attribute: &Attribute, atom: String) -> String {
        let [group, name] = attribute.path.as_slice() else { return atom };
        match attribute.optional {
            Some(_) if self.one_in(4) => {
                format!("(if context has {group}.{name} then {atom} else {})", self.one_in(2))
            }
            Some(_) => format!("(context.{group} has {name} && {atom})"),
            None => atom,
        }
    }

    fn constant(&mut self) -> i64 {
        match self.below(40) {
            0 => i64::MAX,
            1 => i64::MIN,
            2 => i64::MAX - 1,
            3 => i64::MIN + 1,
            _ => self.below(9) as i64 - 4,
        }
    }

    fn long(&mut self, attribute: &Attribute, attributes: &[&Attribute]) -> String {
        let left = access(attribute);
        let (order, constant) = (self.pick(&ORDERS), self.constant());
        let narrow = i64::MIN < attribute.lowest && attribute.highest < i64::MAX;
        match self.below(8) {
            0 => format!("{constant} {order} {left}"),
            1 => {
                let (second, third) = (self.constant(), self.constant());
                format!("[{constant}, {second}, {third}].contains({left})")
            }
            2 if narrow => {
                let offset = self.below(5) as i64;
                let sign = self.pick(&["+", "-"]);
                format!("{left} {sign} {offset} {order} {constant}")
            }
            3 if narrow => format!("-{left} {order} {constant}"),
            4..=6 => {
                let others: Vec<&Attribute> = attributes
                    .iter()
                    .copied()
                    .filter(|other| {
                        other.kind == Kind::Long
                            && other.decimals == attribute.decimals
                            && other.optional.is_none()
                    })
                    .collect();
                let other = self.pick(&others);
                let right = access(other);
                let offset = self.below(5) as i64 - 2;
                if other.highest < i64::MAX && self.one_in(2) {
                    format!("{left} {order} {right} + {offset}")
                } else {
                    format!("{left} {order} {right}")
                }
            }
            _ => format!("{left} {order} {constant}"),
        }
    }

    fn decimal(&mut self, attribute: &Attribute, attributes: &[&Attribute]) -> String {
        let left = access(attribute);
        let method = self.pick(&METHODS);
        // Facts of four digits are small integers; those of two are whole.
        let digits = self.pick(&["-4", "-3", "-1", "0", "1", "2", "3"]);
        let constant = match attribute.decimals {
            4 => format!(
                "decimal(\"{}0.000{}\")",
                if digits.starts_with('-') { "-" } else { "" },
                digits.trim_start_matches('-')
            ),
            _ => format!("decimal(\"{digits}.{}\")", self.pick(&["0", "00", "0100", "02"])),
        };
        let others: Vec<&Attribute> = attributes
            .iter()
            .copied()
            .filter(|other| {
                other.kind == Kind::Decimal
                    && other.decimals == attribute.decimals
                    && other.optional.is_none()
            })
            .collect();
        match self.below(6) {
            0 => format!("{left} == {constant}"),
            1 => format!("{constant} != {left}"),
            2 => format!("{constant}.{method}({left})"),
            3 => format!("{left}.{method}({})", access(self.pick(&others))),
            4 => format!("[{constant}, decimal(\"1.0\")].contains({left})"),
            _ => format!("{left}.{method}({constant})"),
        }
    }

    fn text(&mut self, attribute: &Attribute) -> String {
        let left = access(attribute);
        let names: [&str; 3] = match attribute.fact {
            Fact::Evidence(1) => ["DE", "FR", "US"],
            _ => ["basic", "full", "full"],
        };
        let (first, second) = (self.pick(&names), self.pick(&names));
        match self.below(4) {
            0 => format!("{left} != \"{first}\""),
            1 => format!("[\"{first}\", \"{second}\"].contains({left})"),
            2 => format!("\"{first}\" == {left}"),
            _ => format!("{left} == \"{first}\""),
        }
    }
}

/// How an attribute is written.
pub fn access(attribute: &Attribute) -> String {
    let mut text = String::from("context");
    for name in &attribute.path {
        let identifier = name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
        if identifier {
            let _ = write!(text, ".{name}");
        } else {
            let _ = write!(text, "[\"{}\"]", name.escape_debug());
        }
    }
    text
}
