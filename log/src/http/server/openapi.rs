//! The description of the server, made from the same table as its routes.

use serde_json::{Map, Value, json};

/// What a route does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Operation {
    SubmitRecord,
    ReadBody,
    RegisterAgent,
    ReadChainHead,
    ReadCheckpoint,
    ReadTile,
    ReadVerifierKey,
    ReadPolicy,
    ReadPins,
    ReadTombstone,
    Prune,
    ReadAgents,
    ReadHealth,
    ReadMetrics,
    ReadDescription,
}

/// A path with its one method.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Route {
    /// Method, in lower case.
    pub method: &'static str,
    /// Path, as the router writes it.
    pub path: &'static str,
    pub(crate) operation: Operation,
    summary: &'static str,
    /// Status codes of answers that are no errors of the server.
    statuses: &'static [u16],
}

/// Everything that is served.
pub const ROUTES: &[Route] = &[
    Route {
        method: "post",
        path: "/candor/v1/records",
        operation: Operation::SubmitRecord,
        summary: "Hand in a record, signed for this log. The same record again is answered with the same index.",
        statuses: &[200, 400, 401, 403, 408, 409, 410, 413, 422, 429, 503],
    },
    Route {
        method: "get",
        path: "/candor/v1/bodies/{hash}",
        operation: Operation::ReadBody,
        summary: "The body of a record by its Keccak-256 hash, with an access token.",
        statuses: &[200, 400, 401, 403, 404, 410, 429, 503],
    },
    Route {
        method: "post",
        path: "/candor/v1/agents",
        operation: Operation::RegisterAgent,
        summary: "Register an agent with a program, with the operator's token.",
        statuses: &[204, 400, 401, 403, 408, 409, 413, 429, 503],
    },
    Route {
        method: "get",
        path: "/candor/v1/agents/{agent}/programs/{program}/head",
        operation: Operation::ReadChainHead,
        summary: "How far an agent's chain has come, with the newest entry: what an agent asks before it signs anything new.",
        statuses: &[200, 400, 404, 503],
    },
    Route {
        method: "get",
        path: "/checkpoint",
        operation: Operation::ReadCheckpoint,
        summary: "The published checkpoint: a signed note (C2SP tlog-checkpoint) with its cosignatures.",
        statuses: &[200, 404],
    },
    Route {
        method: "get",
        path: "/tile/{*path}",
        operation: Operation::ReadTile,
        summary: "A tile <L>/<N>[.p/<W>] or entry bundle entries/<N>[.p/<W>] (C2SP tlog-tiles).",
        statuses: &[200, 404, 410],
    },
    Route {
        method: "get",
        path: "/log.vkey",
        operation: Operation::ReadVerifierKey,
        summary: "The log's verifier key.",
        statuses: &[200, 404],
    },
    Route {
        method: "get",
        path: "/policy.json",
        operation: Operation::ReadPolicy,
        summary: "The log's retention policy.",
        statuses: &[200, 404],
    },
    Route {
        method: "get",
        path: "/pins.json",
        operation: Operation::ReadPins,
        summary: "The runs of records that disputes keep.",
        statuses: &[200, 404],
    },
    Route {
        method: "get",
        path: "/tombstone/{*path}",
        operation: Operation::ReadTombstone,
        summary: "A tombstone <N>: a signed note of what was pruned; or what it lists, content/<SHA-256>.",
        statuses: &[200, 404],
    },
    Route {
        method: "post",
        path: "/candor/v1/prune",
        operation: Operation::Prune,
        summary: "Prune what is settled, with the operator's token, while the log is served.",
        statuses: &[200, 400, 401, 403, 408, 409, 413, 429, 503],
    },
    Route {
        method: "get",
        path: "/agents.json",
        operation: Operation::ReadAgents,
        summary: "The registered agents.",
        statuses: &[200, 404],
    },
    Route {
        method: "get",
        path: "/health",
        operation: Operation::ReadHealth,
        summary: "How far the log has come; 503 once it has stopped.",
        statuses: &[200, 503],
    },
    Route {
        method: "get",
        path: "/metrics",
        operation: Operation::ReadMetrics,
        summary: "Counters and gauges in Prometheus's text format.",
        statuses: &[200],
    },
    Route {
        method: "get",
        path: "/openapi.json",
        operation: Operation::ReadDescription,
        summary: "This description.",
        statuses: &[200],
    },
];

/// The OpenAPI 3.1 description.
#[must_use]
pub fn description() -> Value {
    let mut paths = Map::new();
    for route in ROUTES {
        let mut methods = Map::new();
        methods.insert(route.method.to_owned(), operation(route));
        paths.insert(route.path.replace("{*path}", "{path}"), Value::Object(methods));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Candor log",
            "version": "1",
            "license": { "name": "Apache-2.0 OR MIT" },
            "description": "A log of signed records of many agents. Tiles and checkpoint follow C2SP tlog-tiles; docs/spec/log.md says what is signed.",
        },
        "paths": paths,
        "components": { "schemas": schemas(), "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } } },
    })
}

fn operation(route: &Route) -> Value {
    let responses: Map<String, Value> = route
        .statuses
        .iter()
        .map(|status| (status.to_string(), response(route.operation, *status)))
        .collect();
    let mut operation = json!({
        "operationId": operation_id(route.operation),
        "summary": route.summary,
        "responses": responses,
    });
    let parameters = parameters(route.operation);
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(body) = request_body(route.operation) {
        operation["requestBody"] = body;
    }
    if matches!(route.operation, Operation::ReadBody | Operation::RegisterAgent | Operation::Prune) {
        operation["security"] = json!([{ "token": [] }]);
    }
    operation
}

fn operation_id(operation: Operation) -> String {
    let name = format!("{operation:?}");
    let (first, rest) = name.split_at(1);
    format!("{}{rest}", first.to_lowercase())
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn content(content_type: &str, schema: Value) -> Value {
    let mut content = Map::new();
    content.insert(content_type.to_owned(), json!({ "schema": schema }));
    Value::Object(content)
}

fn response(operation: Operation, status: u16) -> Value {
    let text = json!({ "type": "string" });
    let bytes = json!({ "type": "string", "format": "binary" });
    let content = match (operation, status) {
        (Operation::SubmitRecord, 200) => content("application/json", reference("Acknowledgement")),
        (Operation::ReadChainHead, 200) => content("application/json", reference("Chain")),
        (Operation::ReadHealth, _) => content("application/json", reference("Health")),
        (Operation::ReadBody | Operation::ReadTile | Operation::ReadTombstone, 200) => {
            content("application/octet-stream", bytes)
        }
        (Operation::ReadCheckpoint | Operation::ReadVerifierKey | Operation::ReadMetrics, 200) => {
            content("text/plain", text)
        }
        (
            Operation::ReadPolicy
            | Operation::ReadPins
            | Operation::ReadAgents
            | Operation::Prune
            | Operation::ReadDescription,
            200,
        ) => content("application/json", json!({})),
        (_, 204) => return json!({ "description": meaning(204) }),
        _ => content("application/json", reference("Error")),
    };
    let mut response = json!({ "description": meaning(status), "content": content });
    if matches!(status, 429 | 503) && operation != Operation::ReadHealth {
        response["headers"] = json!({ "Retry-After": { "schema": { "type": "integer", "minimum": 1 } } });
    }
    response
}

fn meaning(status: u16) -> &'static str {
    match status {
        200 => "Done.",
        204 => "Done; it is durable.",
        400 => "Malformed.",
        401 => "No valid signature of the submission, or no valid token.",
        403 => "Not registered, or not allowed.",
        404 => "There is none.",
        408 => "The body came too slowly.",
        409 => {
            "It does not continue the agent's chain, or contradicts what is there; or the clock or the policy forbids it."
        }
        410 => {
            "Settled and pruned: `tombstone` names what lists it. Of a record: the log cannot tell whether it is the same."
        }
        413 => "Too long.",
        422 => "Well formed, but signature or body do not belong to the header.",
        429 => "A limit or a queue is full. Nothing was recorded.",
        503 => "The log has stopped or is being stopped.",
        _ => "See the error.",
    }
}

fn parameters(operation: Operation) -> Vec<Value> {
    let parameter = |place: &str, name: &str, schema: Value, description: &str| json!({ "in": place, "name": name, "required": place != "query", "schema": schema, "description": description });
    let hex = |digits: u32| json!({ "type": "string", "pattern": format!("^0x[0-9a-f]{{{digits}}}$") });
    match operation {
        Operation::SubmitRecord => {
            let states = json!({ "type": "string", "enum": ["sequenced", "integrated", "published"], "default": "sequenced" });
            let number = json!({ "type": "string", "pattern": "^(0|[1-9][0-9]*)$" });
            vec![
                parameter("query", "wait", states, "How far the record is to come before the answer."),
                parameter("header", "candor-agent", hex(40), "Address of the agent's key."),
                parameter("header", "candor-program", hex(64), "Id of its program."),
                parameter("header", "candor-record", hex(64), "Hash of the record."),
                parameter("header", "candor-sequence", number, "Sequence number of the record."),
                parameter("header", "candor-body", hex(64), "Keccak-256 of the Borsh encoding of the body."),
                parameter(
                    "header",
                    "candor-signature",
                    hex(130),
                    "The agent's EIP-712 signature of the submission.",
                ),
            ]
        }
        Operation::ReadChainHead => vec![
            parameter("path", "agent", hex(40), "Address of the agent's key."),
            parameter("path", "program", hex(64), "Id of its program."),
        ],
        Operation::ReadBody => {
            let number = json!({ "type": "integer", "minimum": 0 });
            let index = "Index of its entry: where that is pruned, nothing else may find the tombstone.";
            vec![
                parameter("path", "hash", hex(64), "Keccak-256 of the body."),
                parameter("query", "index", number, index),
            ]
        }
        Operation::ReadTombstone => {
            let schema = json!({ "type": "string", "pattern": "^([0-9]+|content/[0-9a-f]{64})$" });
            vec![parameter("path", "path", schema, "Number, or content and a hash.")]
        }
        Operation::ReadTile => {
            vec![parameter(
                "path",
                "path",
                json!({ "type": "string" }),
                "Level or entries, number, and width if partial.",
            )]
        }
        _ => Vec::new(),
    }
}

fn request_body(operation: Operation) -> Option<Value> {
    let content = match operation {
        Operation::SubmitRecord => content(
            "application/octet-stream",
            json!({ "type": "string", "format": "binary", "description": "Borsh of header, signature and body (docs/spec/record.md)." }),
        ),
        Operation::RegisterAgent => content("application/json", reference("Registration")),
        Operation::Prune => content("application/json", reference("PruneRequest")),
        _ => return None,
    };
    Some(json!({ "required": true, "content": content }))
}

fn schemas() -> Value {
    let object = |required: &[&str], properties: Value| json!({ "type": "object", "required": required, "properties": properties });
    let (text, number, flag) =
        (json!({ "type": "string" }), json!({ "type": "integer" }), json!({ "type": "boolean" }));
    let state = json!({ "type": "string", "enum": ["sequenced", "integrated", "published"] });
    json!({
        "Acknowledgement": object(
            &["index", "state", "duplicate", "recordHash", "chain", "promise"],
            json!({ "index": number, "state": state, "duplicate": flag, "recordHash": text, "chain": reference("Chain"), "promise": text }),
        ),
        "Chain": object(
            &["records"],
            json!({ "records": number, "recordHash": text, "entry": { "type": "string", "contentEncoding": "base64" } }),
        ),
        "Health": object(
            &["status", "sequenced", "integrated", "published", "queued"],
            json!({ "status": { "type": "string", "enum": ["ok", "stopped"] }, "sequenced": number, "integrated": number, "published": number, "queued": number }),
        ),
        "Registration": object(
            &["agent", "chainId", "verifyingContract", "programId", "programFr", "initialState"],
            json!({ "agent": text, "chainId": number, "verifyingContract": text, "programId": text, "programFr": text, "initialState": text }),
        ),
        "PruneRequest": object(
            &[],
            json!({ "dryRun": flag, "markOnly": flag, "maxClockStepSeconds": number }),
        ),
        "Error": object(
            &["error"],
            json!({ "error": object(
                &["code", "message"],
                json!({ "code": text, "message": text, "expectedSequence": number, "evidence": text, "tombstone": number }),
            ) }),
        ),
    })
}
