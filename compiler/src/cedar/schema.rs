//! What a Cedar policy can speak about: a schema made from an agent.

use super::clause::{Bases, Term};
use super::domain::Domain;
use super::expression::presence;
use super::{CedarCause, CedarError};
use crate::vocabulary::{Range, Vocabulary};
use candor_program::decimal::format_decimal;
use candor_program::policy::Fact;
use cedar_policy_core::ast::EntityUID;
use cedar_policy_core::extensions::Extensions;
use cedar_policy_core::validator::{Validator, ValidatorSchema};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Digits after the point that a Cedar decimal has room for.
const DECIMAL_DIGITS: u8 = 4;
/// What an asset is called where the program names none.
const UNNAMED: &str = "0";

/// Entities, actions and the context of a request, as the agent's facts give them.
#[derive(Clone, Debug)]
pub struct Schema {
    text: String,
    validator: Validator,
    attributes: BTreeMap<Vec<String>, Attribute>,
    vocabulary: Vocabulary,
    agent: String,
    /// Codes of the actions that act, by name.
    actions: BTreeMap<String, u16>,
    groups: BTreeMap<String, BTreeSet<i128>>,
    assets: Vec<String>,
    venues: Vec<String>,
}

/// A fact as an attribute of the context.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attribute {
    /// Names from the context down, such as `after` and `position`.
    pub path: Vec<String>,
    /// The fact.
    pub fact: Fact,
    /// How its value is written.
    pub kind: Kind,
    /// Digits after the point of the fact's integer.
    pub decimals: u8,
    /// Lowest integer.
    pub lowest: i64,
    /// Highest integer.
    pub highest: i64,
    /// The fact that tells whether the attribute is there; `None`: it always is.
    pub optional: Option<Fact>,
}

/// Type of an attribute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `Long`: the fact's integer.
    Long,
    /// `decimal`: the integer with its point.
    Decimal,
    /// `String`: the name of the value; its digits where it has none.
    Text,
    /// `Bool`: 0 or 1.
    Flag,
    /// `Venue`: an entity.
    Venue,
}

/// An entity of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    Principal,
    Action,
    Asset,
    Venue,
}

impl Role {
    pub(super) fn entity_type(self) -> &'static str {
        match self {
            Self::Principal => "Agent",
            Self::Action => "Action",
            Self::Asset => "Asset",
            Self::Venue => "Venue",
        }
    }

    /// The fact that is the entity's number; `None` for the one agent.
    pub(super) fn fact(self) -> Option<Fact> {
        match self {
            Self::Principal => None,
            Self::Action => Some(Fact::ActionCode),
            Self::Asset => Some(Fact::ActionAsset),
            Self::Venue => Some(Fact::ActionVenue),
        }
    }
}

impl Schema {
    /// The schema of an agent of this name.
    ///
    /// Errors: [`CedarCause::AttributeCollision`], [`CedarCause::Unchecked`].
    pub fn new(agent: &str, vocabulary: &Vocabulary) -> Result<Self, CedarError> {
        let mut attributes = BTreeMap::new();
        for attribute in vocabulary.facts().flat_map(|fact| attributes_of(vocabulary, fact)) {
            if let Some(known) = attributes.insert(attribute.path.clone(), attribute) {
                let attribute = format!("context.{}", known.path.join("."));
                return Err(CedarError::at_start(CedarCause::AttributeCollision { attribute }));
            }
        }
        let named =
            |fact| vocabulary.values(fact).into_iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
        let mut assets = named(Fact::ActionAsset);
        if assets.is_empty() {
            assets.push(UNNAMED.into());
        }
        let venues = named(Fact::ActionVenue);
        let actions: BTreeMap<String, (u16, i64)> =
            vocabulary.acting().map(|(name, code, amount)| (name.to_owned(), (code, amount))).collect();
        let taken = named(Fact::ActionCode);
        let codes = |wanted: fn(i64) -> bool| {
            actions.values().filter(|(_, amount)| wanted(*amount)).map(|(code, _)| (*code).into()).collect()
        };
        let groups: [(&str, BTreeSet<i128>); 3] = [
            ("act", codes(|_| true)),
            ("negative", codes(|amount| amount < 0)),
            ("positive", codes(|amount| amount > 0)),
        ];
        let groups: BTreeMap<String, BTreeSet<i128>> = groups
            .into_iter()
            .filter(|(name, codes)| !codes.is_empty() && !taken.iter().any(|action| action == name))
            .map(|(name, codes)| (name.to_owned(), codes))
            .collect();
        let actions = actions.into_iter().map(|(name, (code, _))| (name, code)).collect();
        let source = Source {
            agent,
            vocabulary,
            attributes: &attributes,
            actions: &actions,
            groups: &groups,
            assets: &assets,
            venues: &venues,
        };
        let text = source.text();
        let schema = ValidatorSchema::from_cedarschema_str(&text, Extensions::all_available());
        let (schema, _) = schema
            .map_err(|error| CedarError::at_start(CedarCause::Unchecked { message: error.to_string() }))?;
        Ok(Self {
            validator: Validator::new(schema),
            vocabulary: vocabulary.clone(),
            agent: agent.to_owned(),
            text,
            attributes,
            actions,
            groups,
            assets,
            venues,
        })
    }

    /// The schema as Cedar's tools read it (`.cedarschema`).
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every attribute of the context.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes.values()
    }

    pub(super) fn validator(&self) -> &Validator {
        &self.validator
    }

    pub(super) fn attribute(&self, path: &[String]) -> Option<&Attribute> {
        self.attributes.get(path)
    }

    /// Whether the fact can be missing without the request being none.
    pub(super) fn is_optional(&self, fact: Fact) -> bool {
        presence(fact).is_some() && self.vocabulary.range(fact).may_be_missing
    }

    /// Whether attributes are below a path.
    pub(super) fn is_record(&self, path: &[String]) -> bool {
        self.attributes.keys().any(|known| known.starts_with(path))
    }

    /// The integer of a named value.
    pub(super) fn value(&self, fact: Fact, name: &str) -> Option<i64> {
        self.vocabulary.value(fact, name)
    }

    pub(super) fn value_names(&self, fact: Fact) -> Vec<&str> {
        self.vocabulary.values(fact).into_iter().map(|(name, _)| name).collect()
    }

    /// What a fact is called in agent.toml.
    pub(super) fn name(&self, fact: Fact) -> String {
        self.vocabulary.name(fact)
    }

    /// The numbers of the entities that a name stands for in a role: one, none, or (`groups`) those of a group of actions.
    pub(super) fn indices(&self, role: Role, uid: &EntityUID, groups: bool) -> Vec<i128> {
        let id: &str = uid.eid().as_ref();
        if uid.entity_type().to_string() != role.entity_type() {
            return Vec::new();
        }
        let position = |names: &[String]| names.iter().position(|name| name == id).map(|index| index as i128);
        match role {
            Role::Principal => (self.agent == id).then_some(0).into_iter().collect(),
            Role::Asset => position(&self.assets).into_iter().collect(),
            Role::Venue => position(&self.venues).into_iter().collect(),
            Role::Action => match self.groups.get(id) {
                Some(codes) if groups => codes.iter().copied().collect(),
                _ => self.actions.get(id).map(|code| (*code).into()).into_iter().collect(),
            },
        }
    }
}

impl Bases for Schema {
    fn base(&self, term: Term) -> Domain {
        let (mut lowest, mut highest) = bounds(self, term.left);
        if let Some(right) = term.right {
            let (low, high) = bounds(self, right);
            (lowest, highest) = (lowest - high, highest - low);
        }
        let holes = match term {
            // Rules are asked about actions that act.
            Term { left: Fact::ActionCode, right: None } => {
                let acting: BTreeSet<i128> = self.actions.values().map(|code| (*code).into()).collect();
                (lowest..=highest).filter(|code| !acting.contains(code)).collect()
            }
            _ => BTreeSet::new(),
        };
        Domain::new(lowest, highest, holes).unwrap_or(Domain { lowest, highest, holes: BTreeSet::new() })
    }
}

/// What a fact can be by its kind alone: a state may be older than the rules, so nothing is concluded from them.
fn bounds(schema: &Schema, fact: Fact) -> (i128, i128) {
    let last = |length: usize| (0, length.saturating_sub(1) as i128);
    match fact {
        Fact::ActionCode => last(schema.vocabulary.values(fact).len()),
        Fact::ActionAsset => last(schema.assets.len()),
        Fact::ActionVenue => last(schema.venues.len()),
        Fact::Present(_) => (0, 1),
        _ => (i64::MIN.into(), i64::MAX.into()),
    }
}

/// The attributes that a fact is.
fn attributes_of(vocabulary: &Vocabulary, fact: Fact) -> Vec<Attribute> {
    let named = !vocabulary.values(fact).is_empty();
    let decimals = vocabulary.decimals(fact);
    let Range { lowest, highest, may_be_missing } = vocabulary.range(fact);
    let scaled = match decimals {
        1..=DECIMAL_DIGITS => Kind::Decimal,
        _ => Kind::Long,
    };
    let name = vocabulary.name(fact);
    let (group, rest) =
        name.split_once('.').map_or((name.as_str(), None), |(group, rest)| (group, Some(rest)));
    // Cedar has no decimals with more digits: the name says what the integer is.
    let suffix = if decimals > DECIMAL_DIGITS { format!("_e{decimals}") } else { String::new() };
    let path = |group: &str, suffix: &str| {
        let rest = rest.map(|rest| format!("{rest}{suffix}"));
        [Some(group.to_owned()), rest].into_iter().flatten().collect::<Vec<_>>()
    };
    let optional = presence(fact).filter(|_| may_be_missing);
    let attribute = |path, kind| Attribute { path, fact, kind, decimals, lowest, highest, optional };
    match fact {
        // The action and its asset are the request's action and resource.
        Fact::ActionCode | Fact::ActionAsset => Vec::new(),
        Fact::ActionVenue if named => vec![attribute(path(group, ""), Kind::Venue)],
        Fact::ActionVenue => Vec::new(),
        Fact::Present(_) => vec![attribute(path(group, ""), Kind::Flag)],
        Fact::Evidence(_) if named => {
            vec![attribute(path(group, ""), Kind::Text), attribute(path("number", &suffix), scaled)]
        }
        _ => vec![attribute(path(group, &suffix), scaled)],
    }
}

/// What the text of a schema is made from.
struct Source<'s> {
    agent: &'s str,
    vocabulary: &'s Vocabulary,
    attributes: &'s BTreeMap<Vec<String>, Attribute>,
    actions: &'s BTreeMap<String, u16>,
    groups: &'s BTreeMap<String, BTreeSet<i128>>,
    assets: &'s [String],
    venues: &'s [String],
}

impl Source<'_> {
    fn text(&self) -> String {
        let mut text = String::from(
            "// What policies of this agent can speak about. Made by `candor policy schema`: do not edit, make it again.\n\
             // An attribute with `?` is there only with a valid statement: test it with `has` first.\n\n",
        );
        let entities =
            [("Agent", &[self.agent.to_owned()][..]), ("Asset", self.assets), ("Venue", self.venues)];
        for (name, ids) in entities.into_iter().filter(|(_, ids)| !ids.is_empty()) {
            let ids: Vec<String> = ids.iter().map(|id| quoted(id)).collect();
            let _ = writeln!(text, "entity {name} enum [{}];", ids.join(", "));
        }
        text.push_str("\ntype Context = {\n");
        let mut group = None;
        for attribute in self.attributes.values() {
            let (first, rest) = match attribute.path.as_slice() {
                [first, rest] => (Some(first), rest),
                [first] => (None, first),
                _ => continue,
            };
            if group != first {
                if group.is_some() {
                    text.push_str("  },\n");
                }
                if let Some(first) = first {
                    let _ = writeln!(text, "  {}: {{", quoted(first));
                }
                group = first;
            }
            let indent = if group.is_some() { "    " } else { "  " };
            let optional = if attribute.optional.is_some() { "?" } else { "" };
            let (name, kind) = (quoted(rest), attribute.kind.name());
            let _ = writeln!(text, "{indent}{name}{optional}: {kind},{}", self.note(attribute));
        }
        if group.is_some() {
            text.push_str("  },\n");
        }
        text.push_str("};\n\n");
        for name in self.groups.keys() {
            let _ = writeln!(text, "action {};", quoted(name));
        }
        for (name, code) in self.actions {
            let groups = self.groups.iter().filter(|(_, codes)| codes.contains(&(*code).into()));
            let groups: Vec<String> = groups.map(|(group, _)| quoted(group)).collect();
            let within =
                if groups.is_empty() { String::new() } else { format!(" in [{}]", groups.join(", ")) };
            let _ = writeln!(
                text,
                "action {}{within} appliesTo {{ principal: Agent, resource: Asset, context: Context }};",
                quoted(name)
            );
        }
        text
    }

    /// Units, range and names of an attribute's values.
    fn note(&self, attribute: &Attribute) -> String {
        let Attribute { fact, kind, decimals, lowest, highest, .. } = *attribute;
        match (kind, fact) {
            (Kind::Text, _) => {
                let names: Vec<String> =
                    self.vocabulary.values(fact).into_iter().map(|(name, _)| quoted(name)).collect();
                format!(" // {}", names.join(", "))
            }
            (Kind::Flag | Kind::Venue, _) => String::new(),
            (_, Fact::Time | Fact::Issued(_)) => " // Unix seconds".into(),
            (_, Fact::Elapsed(_)) => " // seconds".into(),
            (Kind::Long, Fact::Feature(_)) if decimals > 0 => {
                format!(" // in units of 10^-{decimals}, from {lowest} to {highest}")
            }
            (Kind::Long, _) if decimals > 0 => format!(" // in units of 10^-{decimals}"),
            (_, Fact::Feature(_) | Fact::ActionAmount | Fact::ActionMagnitude) => {
                format!(
                    " // from {} to {}",
                    format_decimal(lowest, decimals),
                    format_decimal(highest, decimals)
                )
            }
            (Kind::Decimal, _) => format!(" // {decimals} digits after the point"),
            (Kind::Long, _) => String::new(),
        }
    }
}

impl Kind {
    /// Cedar's name of the type.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Long => "Long",
            Self::Decimal => "decimal",
            Self::Text => "String",
            Self::Flag => "Bool",
            Self::Venue => "Venue",
        }
    }
}

/// A string literal of Cedar.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.escape_debug())
}
