//! An agent for Cedar policies, requests of it, and Cedar's own authorizer as the judge.

#![allow(dead_code, unreachable_pub, reason = "each test tree uses a part")]

use super::Numbers;
use candor_compiler::Vocabulary;
use candor_compiler::cedar::{Attribute, Kind, Schema};
use candor_program::card::{Card, Domain, SignerKey};
use candor_program::class::{Class, FORMAT_VERSION, Input};
use candor_program::decimal::format_decimal;
use candor_program::evidence::{Authority, Slot, Standing, Subject, ValueName};
use candor_program::feature::Feature;
use candor_program::head::{Action, ActionTemplate, Head};
use candor_program::policy::{Fact, Facts, Operand, Table};
use candor_program::state::{Register, Update};
use candor_program::transaction::Template;
use cedar_policy::{
    Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request, RestrictedExpression,
};
use std::collections::BTreeMap;

/// Sizes of the agent.
pub const FEATURES: usize = 5;
/// Registers.
pub const REGISTERS: usize = 2;
/// Evidence slots.
pub const SLOTS: usize = 4;

/// A card with facts of every kind; `plain`: without names of assets and venues, and with whole amounts.
pub fn card(plain: bool) -> Card {
    let name = |name: &&str| (*name).to_owned();
    let action = |name: &str, amount: i64, asset| ActionTemplate {
        name: name.into(),
        abstain: amount == 0,
        amount,
        asset,
        venue: 0,
    };
    let (assets, venues): (&[&str], &[&str]) =
        if plain { (&[], &[]) } else { (&["SPX", "NDX", "DJI", "RUT", "VIX"], &["XNYS", "XNAS"]) };
    let last = assets.len().saturating_sub(1) as u16;
    let actions = vec![
        action("sell", -3, 0),
        action("hold", 0, 0),
        action("buy", 2, 0),
        action("buy \"more\"", 4, last),
        action("wait", 0, 0),
        action("sell-all", -4, last),
    ];
    let feature = |name: &str, decimals, min, max| Feature {
        name: name.into(),
        plugin: 0,
        pointer: String::new(),
        decimals,
        min,
        max,
    };
    let register = |name: &str, source| Register {
        name: name.into(),
        initial: 0,
        window: None,
        source,
        when: None,
        on_execute: Update::Add,
        on_deny: Update::Keep,
        on_abstain: Update::Keep,
    };
    let amount_decimals = if plain { 0 } else { 2 };
    let slot = |name: &str, decimals, default, values: &[(&str, i64)]| Slot {
        name: name.into(),
        decimals,
        authority: Authority::Attester { key: SignerKey::Secp256k1 { address: [1; 20] } },
        subject: Subject::Agent,
        default,
        revoked_by: None,
        values: values
            .iter()
            .map(|(name, value)| ValueName { value: *value, name: (*name).into() })
            .collect(),
    };
    Card {
        name: "trader".into(),
        agent_version: "1".into(),
        class: Class {
            version: FORMAT_VERSION,
            input: Input::Vector { log2: 3 },
            tables: 0,
            operators: Vec::new(),
            row_log2: 9,
            policy_size: 64,
            state_size: 4,
            evidence_size: 4,
        },
        features: vec![
            feature("signal", 0, -3, 3),
            feature("price", 2, -300, 300),
            feature("ratio", 4, -4, 4),
            feature("return_1d", 5, -3, 3),
            feature("odd-name in \"quotes\"", 0, 0, 4),
        ],
        operators: Vec::new(),
        head: Head::ArgMax {
            actions,
            assets: assets.iter().map(name).collect(),
            venues: venues.iter().map(name).collect(),
        },
        amount_decimals,
        windows: Vec::new(),
        registers: vec![
            register("count", Operand::Constant(1)),
            register("position", Operand::from(Fact::ActionAmount)),
        ],
        evidence: vec![
            slot("kyc", 0, None, &[]),
            slot("jurisdiction", 0, None, &[("DE", 1), ("FR", 2), ("US", -1)]),
            slot("approval", amount_decimals, Some(0), &[]),
            slot("tier", 0, Some(1), &[("basic", 1), ("full", 3)]),
        ],
        policy: Table { predicates: Vec::new(), rules: Vec::new(), reasons: Vec::new() },
        transaction: Template { to: [0; 20], value: 0, function: "act".into(), arguments: Vec::new() },
        plugins: Vec::new(),
        domain: Domain { chain_id: 1, verifying_contract: [0; 20] },
        setup: super::setup(),
        weight_rows: Vec::new(),
    }
}

/// The card's schema.
pub fn schema(plain: bool) -> Schema {
    Schema::new("trader", &Vocabulary::of(&card(plain))).unwrap()
}

/// Everything that facts are read from.
#[derive(Clone, Debug)]
pub struct Values {
    pub action: Action,
    pub time: u64,
    pub sequence: u64,
    pub features: Vec<i64>,
    pub outputs: Vec<i32>,
    pub registers: Vec<i64>,
    pub after: Vec<Option<i64>>,
    pub evidence: Vec<Standing>,
}

impl Values {
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            action: self.action,
            time: self.time,
            sequence: self.sequence,
            features: &self.features,
            outputs: &self.outputs,
            registers: &self.registers,
            after: &self.after,
            evidence: &self.evidence,
        }
    }

    /// An action that acts and facts near the constants that policies use; now and then far from them, or missing.
    pub fn draw(card: &Card, numbers: &mut Numbers) -> Self {
        let acting: Vec<u16> = (0..card.head.actions().len() as u16)
            .filter(|code| !card.head.actions()[usize::from(*code)].abstain)
            .collect();
        let code = acting[numbers.below(acting.len())];
        let index = |length: usize, numbers: &mut Numbers| numbers.below(length.max(1)) as u16;
        let action = Action {
            code,
            abstain: false,
            amount: numbers.below(9) as i64 - 4,
            asset: index(card.head.assets().len(), numbers),
            venue: index(card.head.venues().len(), numbers),
        };
        let small = |numbers: &mut Numbers| numbers.below(9) as i64 - 4;
        let register = |numbers: &mut Numbers| match numbers.below(24) {
            0 => i64::MAX,
            1 => i64::MIN,
            _ => small(numbers),
        };
        let features = card.features.iter().map(|feature| {
            let near = small(numbers) * if feature.decimals == 2 { 100 } else { 1 };
            near.clamp(feature.min, feature.max)
        });
        let features = features.collect();
        let registers: Vec<i64> =
            (0..REGISTERS).map(|index| if index == 0 { register(numbers) } else { small(numbers) }).collect();
        let after = (0..REGISTERS).map(|_| (numbers.below(16) > 0).then(|| small(numbers))).collect();
        let evidence = card.evidence.iter().map(|slot| {
            let there = numbers.below(4) > 0;
            let value = if slot.decimals == 0 { register(numbers) } else { small(numbers) };
            Standing {
                value: if there { Some(value) } else { slot.default },
                issued: there.then(|| numbers.below(6) as u64),
                defect: None,
            }
        });
        Self {
            action,
            evidence: evidence.collect(),
            time: numbers.below(9) as u64,
            sequence: numbers.below(5) as u64,
            features,
            outputs: (0..card.head.actions().len()).map(|_| numbers.below(7) as i32 - 3).collect(),
            registers,
            after,
        }
    }
}

/// Cedar's own answer to one request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    pub permitted: bool,
    /// Numbers of the policies that determine it, ascending.
    pub determining: Vec<usize>,
    /// Errors while evaluating.
    pub errors: usize,
}

/// Cedar's authorizer with one policy file.
pub struct Judge {
    policies: PolicySet,
    schema: cedar_policy::Schema,
    entities: Entities,
}

impl Judge {
    pub fn new(source: &str, schema: &Schema) -> Self {
        let (schema, _) = cedar_policy::Schema::from_cedarschema_str(schema.text()).unwrap();
        let entities = schema.action_entities().unwrap();
        Self { policies: source.parse().unwrap(), schema, entities }
    }

    /// `@reason` of a policy; its name or number where it has none.
    pub fn reason(&self, policy: usize) -> String {
        let id = format!("policy{policy}");
        let policy = self.policies.policy(&id.parse().unwrap()).unwrap();
        policy.annotation("reason").or(policy.annotation("id")).map_or(id, str::to_owned)
    }

    /// The answer where `missing` attributes that must be there have an arbitrary value.
    pub fn ask(&self, card: &Card, schema: &Schema, values: &Values, missing: i64) -> Answer {
        let facts = values.facts();
        let mut groups: BTreeMap<&str, Vec<(String, RestrictedExpression)>> = BTreeMap::new();
        let mut context = Vec::new();
        for attribute in schema.attributes() {
            let value = match facts.get(attribute.fact) {
                None if attribute.optional.is_some() => continue,
                value => expression(card, attribute, value.unwrap_or(missing)),
            };
            match attribute.path.as_slice() {
                [name] => context.push((name.clone(), value)),
                [group, name] => groups.entry(group).or_default().push((name.clone(), value)),
                path => panic!("{path:?}"),
            }
        }
        for name in schema
            .attributes()
            .filter(|attribute| attribute.path.len() == 2)
            .map(|attribute| &attribute.path[0])
        {
            groups.entry(name).or_default();
        }
        let records = groups
            .into_iter()
            .map(|(name, pairs)| (name.to_owned(), RestrictedExpression::new_record(pairs).unwrap()));
        context.extend(records);
        let action = &card.head.actions()[usize::from(values.action.code)].name;
        let asset = card.head.assets().get(usize::from(values.action.asset)).map_or("0", String::as_str);
        let request = Request::new(
            entity("Agent", &card.name),
            entity("Action", action),
            entity("Asset", asset),
            Context::from_pairs(context).unwrap(),
            Some(&self.schema),
        );
        let response = Authorizer::new().is_authorized(&request.unwrap(), &self.policies, &self.entities);
        let number =
            |id: &cedar_policy::PolicyId| id.to_string().strip_prefix("policy").unwrap().parse().unwrap();
        let mut determining: Vec<usize> = response.diagnostics().reason().map(number).collect();
        determining.sort_unstable();
        Answer {
            permitted: response.decision() == Decision::Allow,
            determining,
            errors: response.diagnostics().errors().count(),
        }
    }
}

fn entity(kind: &str, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.parse().unwrap(), cedar_policy::EntityId::new(id))
}

fn expression(card: &Card, attribute: &Attribute, value: i64) -> RestrictedExpression {
    match attribute.kind {
        Kind::Long => RestrictedExpression::new_long(value),
        Kind::Decimal => RestrictedExpression::new_decimal(format_decimal(value, attribute.decimals)),
        Kind::Flag => RestrictedExpression::new_bool(value == 1),
        Kind::Venue => {
            RestrictedExpression::new_entity_uid(entity("Venue", &card.head.venues()[value as usize]))
        }
        Kind::Text => {
            let Fact::Evidence(slot) = attribute.fact else { panic!("{attribute:?}") };
            let names = &card.evidence[usize::from(slot)].values;
            let named = names.iter().find(|named| named.value == value).map(|named| named.name.clone());
            RestrictedExpression::new_string(named.unwrap_or_else(|| value.to_string()))
        }
    }
}
