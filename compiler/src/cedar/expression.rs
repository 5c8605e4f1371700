//! Cedar expressions to formulas.

use super::formula::{Formulas, Id, Node};
use super::linear::{Linear, Obstacle, swapped};
use super::schema::{Attribute, Kind, Role, Schema};
use super::source::{Policy, Text};
use super::{CedarCause, CedarError};
use candor_program::policy::{Comparison, Fact};
use cedar_policy_core::ast::{
    ActionConstraint, BinaryOp, EntityReference, EntityUID, Expr, ExprKind, Literal,
    PrincipalOrResourceConstraint, UnaryOp, Var,
};
use std::collections::BTreeSet;

/// Digits after the point of Cedar's decimals.
const DECIMAL_DIGITS: u8 = 4;

/// What an expression stands for.
#[derive(Clone, Debug)]
enum Value<'s> {
    Truth(Id),
    Long(Linear),
    /// A fact that is a decimal for Cedar.
    Decimal(&'s Attribute),
    /// A decimal constant, in ten-thousandths.
    DecimalConstant(i128),
    /// A fact whose values have names.
    Text(&'s Attribute),
    TextConstant(String),
    Entity(Role),
    EntityConstant(EntityUID),
    /// A part of the context that has attributes.
    Record(Vec<String>),
    /// Constants.
    Set(Vec<Value<'s>>),
}

/// Reads the conditions of one policy.
pub(super) struct Reader<'r> {
    pub(super) text: Text<'r>,
    pub(super) policy: &'r Policy,
    pub(super) schema: &'r Schema,
    pub(super) formulas: &'r mut Formulas,
}

impl<'r> Reader<'r> {
    /// The policy's scope and conditions together.
    pub(super) fn condition(&mut self) -> Result<Id, CedarError> {
        let ast = &self.policy.ast;
        let principal = self.scope(ast.principal_constraint().as_inner(), Role::Principal)?;
        let action = self.action(ast.action_constraint());
        let resource = self.scope(ast.resource_constraint().as_inner(), Role::Asset)?;
        let scope = self.formulas.and(principal, action);
        let scope = self.formulas.and(scope, resource);
        match ast.non_scope_constraints() {
            None => Ok(scope),
            Some(condition) => {
                let condition = self.truth(condition)?;
                Ok(self.formulas.and(scope, condition))
            }
        }
    }

    fn scope(&mut self, constraint: &PrincipalOrResourceConstraint, role: Role) -> Result<Id, CedarError> {
        match constraint {
            PrincipalOrResourceConstraint::Any => Ok(self.formulas.constant(true)),
            PrincipalOrResourceConstraint::Is(entity_type) => {
                Ok(self.formulas.constant(entity_type.to_string() == role.entity_type()))
            }
            PrincipalOrResourceConstraint::Eq(EntityReference::EUID(uid))
            | PrincipalOrResourceConstraint::In(EntityReference::EUID(uid))
            | PrincipalOrResourceConstraint::IsIn(_, EntityReference::EUID(uid)) => {
                Ok(self.entity_is(role, std::slice::from_ref(uid.as_ref()), false))
            }
            PrincipalOrResourceConstraint::Eq(EntityReference::Slot(_))
            | PrincipalOrResourceConstraint::In(EntityReference::Slot(_))
            | PrincipalOrResourceConstraint::IsIn(_, EntityReference::Slot(_)) => {
                Err(self.policy.error(self.text, None, CedarCause::Template))
            }
        }
    }

    fn action(&mut self, constraint: &ActionConstraint) -> Id {
        let (uids, groups): (Vec<EntityUID>, bool) = match constraint {
            ActionConstraint::Any => return self.formulas.constant(true),
            ActionConstraint::Eq(uid) => (vec![uid.as_ref().clone()], false),
            ActionConstraint::In(uids) => (uids.iter().map(|uid| uid.as_ref().clone()).collect(), true),
        };
        self.entity_is(Role::Action, &uids, groups)
    }

    /// The entity in a role is one of some, or (`groups`) an action that belongs to one.
    fn entity_is(&mut self, role: Role, uids: &[EntityUID], groups: bool) -> Id {
        let named = |uid: &EntityUID| self.schema.indices(role, uid, groups);
        let values: BTreeSet<i128> = uids.iter().flat_map(named).collect();
        match role.fact() {
            Some(fact) => self.formulas.add(Node::Member { fact, values }),
            // There is one agent.
            None => self.formulas.constant(!values.is_empty()),
        }
    }

    fn error(&self, expr: &Expr, cause: CedarCause) -> CedarError {
        self.policy.error(self.text, expr.source_loc(), cause)
    }

    fn excerpt(&self, expr: &Expr) -> String {
        self.text.excerpt(expr.source_loc())
    }

    fn inexpressible(&self, expr: &Expr) -> CedarError {
        self.error(expr, CedarCause::Inexpressible { expression: self.excerpt(expr) })
    }

    fn truth(&mut self, expr: &Expr) -> Result<Id, CedarError> {
        match self.value(expr)? {
            Value::Truth(id) => Ok(id),
            _ => Err(self.inexpressible(expr)),
        }
    }

    fn value(&mut self, expr: &Expr) -> Result<Value<'r>, CedarError> {
        match expr.expr_kind() {
            ExprKind::Lit(literal) => Ok(match literal {
                Literal::Bool(value) => Value::Truth(self.formulas.constant(*value)),
                Literal::Long(value) => Value::Long(Linear::constant((*value).into())),
                Literal::String(value) => Value::TextConstant(value.to_string()),
                Literal::EntityUID(uid) => Value::EntityConstant(uid.as_ref().clone()),
            }),
            ExprKind::Var(Var::Principal) => Ok(Value::Entity(Role::Principal)),
            ExprKind::Var(Var::Action) => Ok(Value::Entity(Role::Action)),
            ExprKind::Var(Var::Resource) => Ok(Value::Entity(Role::Asset)),
            ExprKind::Var(Var::Context) => Ok(Value::Record(Vec::new())),
            ExprKind::If { test_expr, then_expr, else_expr } => {
                let (test, then, otherwise) =
                    (self.truth(test_expr)?, self.truth(then_expr)?, self.truth(else_expr)?);
                Ok(Value::Truth(self.formulas.either(test, then, otherwise)))
            }
            ExprKind::And { left, right } => {
                let (left, right) = (self.truth(left)?, self.truth(right)?);
                Ok(Value::Truth(self.formulas.and(left, right)))
            }
            ExprKind::Or { left, right } => {
                let (left, right) = (self.truth(left)?, self.truth(right)?);
                Ok(Value::Truth(self.formulas.or(left, right)))
            }
            ExprKind::UnaryApp { op: UnaryOp::Not, arg } => {
                let part = self.truth(arg)?;
                Ok(Value::Truth(self.formulas.not(part)))
            }
            ExprKind::UnaryApp { op: UnaryOp::Neg, arg } => {
                let long = self.long(arg)?;
                self.within(expr, long.negated()).map(Value::Long)
            }
            ExprKind::BinaryApp { op, arg1, arg2 } => self.binary(expr, *op, arg1, arg2),
            ExprKind::ExtensionFunctionApp { fn_name, args } => {
                self.decimal_function(expr, &fn_name.to_string(), args)
            }
            ExprKind::GetAttr { expr: record, attr } => self.attribute(expr, record, attr),
            ExprKind::HasAttr { expr: record, attr } => self.has(record, &[attr.as_str()]),
            ExprKind::ExtHasAttr { expr: record, attrs } => {
                self.has(record, &attrs.iter().map(|attr| attr.as_str()).collect::<Vec<_>>())
            }
            ExprKind::Like { .. } => Err(self.error(expr, CedarCause::Like)),
            ExprKind::Is { expr: entity, entity_type } => match self.value(entity)? {
                Value::Entity(role) => {
                    Ok(Value::Truth(self.formulas.constant(entity_type.to_string() == role.entity_type())))
                }
                _ => Err(self.inexpressible(expr)),
            },
            ExprKind::Set(members) => self.set(expr, members),
            ExprKind::Slot(_) => Err(self.error(expr, CedarCause::Template)),
            _ => Err(self.inexpressible(expr)),
        }
    }

    fn set(&mut self, expr: &Expr, members: &[Expr]) -> Result<Value<'r>, CedarError> {
        let mut constants = Vec::with_capacity(members.len());
        for member in members {
            let value = self.value(member)?;
            let constant = match &value {
                Value::Long(long) => long.value().is_some(),
                Value::TextConstant(_) | Value::EntityConstant(_) | Value::DecimalConstant(_) => true,
                _ => false,
            };
            if !constant {
                return Err(self.error(expr, CedarCause::UnboundedSet { expression: self.excerpt(expr) }));
            }
            constants.push(value);
        }
        Ok(Value::Set(constants))
    }

    /// An attribute of the context, or a record in it.
    fn attribute(&mut self, expr: &Expr, record: &Expr, name: &str) -> Result<Value<'r>, CedarError> {
        let Value::Record(mut path) = self.value(record)? else { return Err(self.inexpressible(expr)) };
        path.push(name.to_owned());
        let Some(attribute) = self.schema.attribute(&path) else { return Ok(Value::Record(path)) };
        Ok(match attribute.kind {
            Kind::Long => {
                let Attribute { fact, lowest, highest, decimals, .. } = *attribute;
                Value::Long(Linear::fact(fact, lowest, highest, decimals))
            }
            Kind::Decimal => Value::Decimal(attribute),
            Kind::Text => Value::Text(attribute),
            Kind::Flag => {
                let values = BTreeSet::from([1]);
                Value::Truth(self.formulas.add(Node::Member { fact: attribute.fact, values }))
            }
            Kind::Venue => Value::Entity(Role::Venue),
        })
    }

    /// Whether a path is in the context: an evidence slot's is where it has a valid statement.
    fn has(&mut self, record: &Expr, names: &[&str]) -> Result<Value<'r>, CedarError> {
        let Value::Record(mut path) = self.value(record)? else { return Err(self.inexpressible(record)) };
        path.extend(names.iter().map(|name| (*name).to_owned()));
        let node = match self.schema.attribute(&path) {
            Some(Attribute { optional: Some(present), .. }) => {
                Node::Member { fact: *present, values: BTreeSet::from([1]) }
            }
            Some(_) => Node::Constant(true),
            None => Node::Constant(self.schema.is_record(&path)),
        };
        Ok(Value::Truth(self.formulas.add(node)))
    }

    fn binary(
        &mut self,
        expr: &Expr,
        op: BinaryOp,
        left: &Expr,
        right: &Expr,
    ) -> Result<Value<'r>, CedarError> {
        match op {
            BinaryOp::Eq => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                self.compare(expr, Comparison::Equal, left, right)
            }
            BinaryOp::Less | BinaryOp::LessEq => {
                let comparison =
                    if op == BinaryOp::Less { Comparison::Less } else { Comparison::LessOrEqual };
                let (left, right) = (self.long(left)?, self.long(right)?);
                self.linear(expr, comparison, &left, &right)
            }
            BinaryOp::Add | BinaryOp::Sub => {
                let (left, right) = (self.long(left)?, self.long(right)?);
                let right = if op == BinaryOp::Add { right } else { right.negated() };
                let sum = left.plus(&right).map_err(|(left, right)| self.scales(expr, left, right))?;
                self.within(expr, sum).map(Value::Long)
            }
            BinaryOp::Mul => match (self.long(left)?.value(), self.long(right)?.value()) {
                (Some(left), Some(right)) => {
                    // Both have 64 bits.
                    self.within(expr, Linear::constant(left * right)).map(Value::Long)
                }
                _ => Err(self.error(expr, CedarCause::NotOneFact { expression: self.excerpt(expr) })),
            },
            BinaryOp::In => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                self.belongs(expr, left, right)
            }
            BinaryOp::Contains => {
                let (set, member) = (self.value(left)?, self.value(right)?);
                self.contains(expr, left, set, member)
            }
            BinaryOp::ContainsAll | BinaryOp::ContainsAny | BinaryOp::GetTag | BinaryOp::HasTag => {
                Err(self.inexpressible(expr))
            }
        }
    }

    fn long(&mut self, expr: &Expr) -> Result<Linear, CedarError> {
        match self.value(expr)? {
            Value::Long(long) => Ok(long),
            _ => Err(self.inexpressible(expr)),
        }
    }

    /// The sum, which Cedar can make whatever the facts are.
    fn within(&self, expr: &Expr, sum: Linear) -> Result<Linear, CedarError> {
        let fits = |value: i128| i64::try_from(value).is_ok();
        if fits(sum.lowest) && fits(sum.highest) {
            return Ok(sum);
        }
        let (lowest, highest) = (sum.lowest, sum.highest);
        Err(self.error(expr, CedarCause::Overflow { expression: self.excerpt(expr), lowest, highest }))
    }

    fn scales(&self, expr: &Expr, left: u8, right: u8) -> CedarError {
        self.error(expr, CedarCause::ScaleMismatch { expression: self.excerpt(expr), left, right })
    }

    fn linear(
        &mut self,
        expr: &Expr,
        comparison: Comparison,
        left: &Linear,
        right: &Linear,
    ) -> Result<Value<'r>, CedarError> {
        let node = left.compared(comparison, right).map_err(|obstacle| match obstacle {
            Obstacle::Scale(left, right) => self.scales(expr, left, right),
            Obstacle::NotOneFact => {
                self.error(expr, CedarCause::NotOneFact { expression: self.excerpt(expr) })
            }
            Obstacle::Offset => {
                self.error(expr, CedarCause::OffsetTooLarge { expression: self.excerpt(expr) })
            }
        })?;
        Ok(Value::Truth(self.formulas.add(node)))
    }

    fn compare(
        &mut self,
        expr: &Expr,
        comparison: Comparison,
        left: Value<'r>,
        right: Value<'r>,
    ) -> Result<Value<'r>, CedarError> {
        match (left, right) {
            (Value::Long(left), Value::Long(right)) => self.linear(expr, comparison, &left, &right),
            (Value::Truth(left), Value::Truth(right)) if comparison == Comparison::Equal => {
                Ok(Value::Truth(self.formulas.same(left, right)))
            }
            (Value::DecimalConstant(left), Value::DecimalConstant(right)) => {
                Ok(Value::Truth(self.formulas.constant(comparison.holds(left, right))))
            }
            (Value::Decimal(left), Value::DecimalConstant(right)) => {
                self.decimal(expr, left, comparison, right)
            }
            (Value::DecimalConstant(left), Value::Decimal(right)) => {
                self.decimal(expr, right, swapped(comparison), left)
            }
            (Value::Decimal(left), Value::Decimal(right)) => {
                let sides = [left, right]
                    .map(|side| Linear::fact(side.fact, side.lowest, side.highest, side.decimals));
                self.linear(expr, comparison, &sides[0], &sides[1])
            }
            (Value::Text(fact), Value::TextConstant(name))
            | (Value::TextConstant(name), Value::Text(fact)) => self.named(expr, fact, &[name]),
            (Value::TextConstant(left), Value::TextConstant(right)) => {
                Ok(Value::Truth(self.formulas.constant(left == right)))
            }
            (Value::Entity(role), Value::EntityConstant(uid))
            | (Value::EntityConstant(uid), Value::Entity(role)) => {
                Ok(Value::Truth(self.entity_is(role, &[uid], false)))
            }
            (Value::EntityConstant(left), Value::EntityConstant(right)) => {
                Ok(Value::Truth(self.formulas.constant(left == right)))
            }
            _ => Err(self.inexpressible(expr)),
        }
    }

    /// A decimal fact with a constant in ten-thousandths.
    fn decimal(
        &mut self,
        expr: &Expr,
        fact: &Attribute,
        comparison: Comparison,
        constant: i128,
    ) -> Result<Value<'r>, CedarError> {
        let unit = 10_i128.pow(u32::from(DECIMAL_DIGITS.saturating_sub(fact.decimals)));
        if constant % unit != 0 {
            let decimals = fact.decimals;
            return Err(self.error(expr, CedarCause::Inexact { expression: self.excerpt(expr), decimals }));
        }
        let left = Linear::fact(fact.fact, fact.lowest, fact.highest, fact.decimals);
        self.linear(expr, comparison, &left, &Linear::constant(constant / unit))
    }

    fn decimal_function(&mut self, expr: &Expr, name: &str, args: &[Expr]) -> Result<Value<'r>, CedarError> {
        let comparison = match (name, args) {
            ("decimal", [literal]) => {
                return match literal.expr_kind() {
                    ExprKind::Lit(Literal::String(written)) => ten_thousandths(written)
                        .map(Value::DecimalConstant)
                        .ok_or_else(|| self.inexpressible(expr)),
                    _ => Err(self.inexpressible(expr)),
                };
            }
            ("lessThan", _) => Comparison::Less,
            ("lessThanOrEqual", _) => Comparison::LessOrEqual,
            ("greaterThan", _) => Comparison::Greater,
            ("greaterThanOrEqual", _) => Comparison::GreaterOrEqual,
            _ => return Err(self.inexpressible(expr)),
        };
        let [left, right] = args else { return Err(self.inexpressible(expr)) };
        let (left, right) = (self.value(left)?, self.value(right)?);
        self.compare(expr, comparison, left, right)
    }

    /// A fact has one of some named values.
    fn named(&mut self, expr: &Expr, fact: &Attribute, names: &[String]) -> Result<Value<'r>, CedarError> {
        let mut values = BTreeSet::new();
        for name in names {
            let Some(value) = self.schema.value(fact.fact, name) else {
                let (got, known) = (name.clone(), self.schema.value_names(fact.fact).join(", "));
                let (fact, known) = (format!("context.{}", fact.path.join(".")).into(), known.into());
                return Err(self.error(expr, CedarCause::UnknownValue { fact, got, known }));
            };
            values.insert(value.into());
        }
        Ok(Value::Truth(self.formulas.add(Node::Member { fact: fact.fact, values })))
    }

    /// `in`: entities without parents are only in themselves, actions also in their groups.
    fn belongs(&mut self, expr: &Expr, left: Value<'r>, right: Value<'r>) -> Result<Value<'r>, CedarError> {
        let uids: Vec<EntityUID> = match right {
            Value::EntityConstant(uid) => vec![uid],
            Value::Set(members) => members
                .into_iter()
                .filter_map(|member| match member {
                    Value::EntityConstant(uid) => Some(uid),
                    _ => None,
                })
                .collect(),
            _ => return Err(self.inexpressible(expr)),
        };
        match left {
            Value::Entity(role) => Ok(Value::Truth(self.entity_is(role, &uids, role == Role::Action))),
            _ => Err(self.inexpressible(expr)),
        }
    }

    fn contains(
        &mut self,
        expr: &Expr,
        written: &Expr,
        set: Value<'r>,
        member: Value<'r>,
    ) -> Result<Value<'r>, CedarError> {
        let Value::Set(constants) = set else {
            return Err(self.error(written, CedarCause::UnboundedSet { expression: self.excerpt(written) }));
        };
        // One comparison for each constant would do; the set of a single fact makes fewer rules.
        let mut names = Vec::new();
        let mut any = self.formulas.constant(false);
        for constant in constants {
            match (&member, constant) {
                (Value::Text(_), Value::TextConstant(name)) => names.push(name),
                (member, constant) => {
                    let Value::Truth(one) =
                        self.compare(expr, Comparison::Equal, member.clone(), constant)?
                    else {
                        return Err(self.inexpressible(expr));
                    };
                    any = self.formulas.or(any, one);
                }
            }
        }
        match member {
            Value::Text(fact) => self.named(expr, fact, &names),
            _ => Ok(Value::Truth(any)),
        }
    }
}

/// A decimal as Cedar writes it, in ten-thousandths; `None` if it is none.
fn ten_thousandths(written: &str) -> Option<i128> {
    let (negative, digits) = match written.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, written),
    };
    let (whole, part) = digits.split_once('.')?;
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || !plain(part) || part.len() > usize::from(DECIMAL_DIGITS) {
        return None;
    }
    let value = format!("{whole}{part:0<4}").parse::<i128>().ok()?;
    Some(if negative { -value } else { value })
}

/// The fact that tells whether an attribute of evidence is there.
pub(super) fn presence(fact: Fact) -> Option<Fact> {
    match fact {
        Fact::Evidence(slot) | Fact::Issued(slot) => Some(Fact::Present(slot)),
        _ => None,
    }
}
