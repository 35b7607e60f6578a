//! The operations of the API as its reference page shows them, read from the OpenAPI document.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::templates::pages::{ApiField, ApiGroup, ApiOperation, ApiResponse};

/// Responses that many operations can have, which the page explains once.
const COMMON: [&str; 11] =
    ["400", "401", "403", "404", "412", "413", "415", "428", "429", "500", "503"];
/// Parameters that all lists or POST requests take, which the page explains once.
const COMMON_PARAMETERS: [&str; 3] = ["limit", "cursor", "Idempotency-Key"];

/// Returns the operations of an OpenAPI document by subject; the examples begin with `base_url`.
pub(super) fn groups(document: &Value, base_url: &str) -> Vec<ApiGroup> {
    let mut groups: Vec<ApiGroup> = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let subject = text(&operation["tags"][0]);
            let described = describe(document, base_url, path, method, operation);
            match groups.iter_mut().find(|group| group.name == subject) {
                Some(group) => group.operations.push(described),
                None => groups.push(ApiGroup { name: subject, operations: vec![described] }),
            }
        }
    }
    groups
}

fn describe(
    document: &Value,
    base_url: &str,
    path: &str,
    method: &str,
    operation: &Value,
) -> ApiOperation {
    let parameters = operation["parameters"].as_array();
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    let body = (!body.is_null()).then(|| resolve(document, body));
    let responses = operation["responses"].as_object().into_iter().flatten();
    let method = method.to_uppercase();
    ApiOperation {
        id: text(&operation["operationId"]),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        description: operation["description"].as_str().map(str::to_owned),
        roles: operation["x-roles"].as_array().into_iter().flatten().map(text).collect(),
        fields: parameters
            .into_iter()
            .flatten()
            .map(parameter)
            .filter(|parameter| !COMMON_PARAMETERS.contains(&parameter.name.as_str()))
            .chain(body.map(|schema| fields(document, schema)).unwrap_or_default())
            .collect(),
        responses: responses
            .filter(|(status, _)| !COMMON.contains(&status.as_str()))
            .map(|(status, response)| ApiResponse {
                status: status.clone(),
                description: text(&response["description"]),
            })
            .collect(),
        example: is_special(operation, body)
            .then(|| example(base_url, &method, path, operation, body)),
        method,
    }
}

fn parameter(parameter: &Value) -> ApiField {
    ApiField {
        name: text(&parameter["name"]),
        place: text(&parameter["in"]),
        kind: kind(&parameter["schema"]),
        required: parameter["required"].as_bool().unwrap_or_default(),
        description: text(&parameter["description"]),
    }
}

fn fields(document: &Value, schema: &Value) -> Vec<ApiField> {
    let field = |(name, property): (&String, &Value)| {
        let target = resolve(document, property);
        let description = property["description"].as_str().or(target["description"].as_str());
        ApiField {
            name: name.clone(),
            place: "body".to_owned(),
            kind: kind(target),
            required: is_required(schema, name),
            description: description.unwrap_or_default().to_owned(),
        }
    };
    properties(schema).map(field).collect()
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema["properties"].as_object().into_iter().flatten()
}

fn is_required(schema: &Value, name: &str) -> bool {
    schema["required"].as_array().into_iter().flatten().any(|other| other == name)
}

/// Follows a reference to a schema, also one beside a description.
fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let parts = ["allOf", "oneOf"].into_iter().filter_map(|key| schema[key].as_array()).flatten();
    let reference =
        schema["$ref"].as_str().or_else(|| parts.filter_map(|p| p["$ref"].as_str()).next());
    match reference.and_then(|path| path.rsplit('/').next()) {
        Some(name) => &document["components"]["schemas"][name],
        None => schema,
    }
}

/// Returns the type of a value, for example `string` or `array`.
fn kind(schema: &Value) -> String {
    match &schema["type"] {
        Value::Array(kinds) => {
            kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or ")
        }
        kind => text(kind),
    }
}

/// Returns `true` for an operation whose command line differs from the general example.
fn is_special(operation: &Value, body: Option<&Value>) -> bool {
    body.is_some() || has_version(operation)
}

fn has_version(operation: &Value) -> bool {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters.into_iter().any(|parameter| parameter["name"] == "If-Match")
}

/// Returns the command line of curl that reads a list.
pub(super) fn general_example(base_url: &str) -> String {
    example(base_url, "GET", "/api/v1/articles", &Value::Null, None)
}

/// Returns a command line of curl. Values that the client chooses are names in capital letters.
fn example(
    base_url: &str,
    method: &str,
    path: &str,
    operation: &Value,
    body: Option<&Value>,
) -> String {
    let path = path.split('/').map(|segment| match segment.strip_prefix('{') {
        Some(name) => name.trim_end_matches('}').to_uppercase(),
        None => segment.to_owned(),
    });
    let path = path.collect::<Vec<_>>().join("/");
    let mut command = String::from("curl");
    if method != "GET" {
        let _ = write!(command, " -X {method}");
    }
    let _ = write!(command, " {base_url}{path} \\\n  -H \"Authorization: Bearer $TOKEN\"");
    if has_version(operation) {
        command.push_str(" \\\n  -H 'If-Match: \"ETAG\"'");
    }
    if let Some(schema) = body {
        let values: Map<String, Value> = properties(schema)
            .filter(|(name, _)| is_required(schema, name))
            .map(|(name, property)| (name.clone(), sample(name, property)))
            .collect();
        let json = Value::Object(values);
        let _ = write!(command, " \\\n  -H \"Content-Type: application/json\" \\\n  -d '{json}'");
    }
    command
}

fn sample(name: &str, property: &Value) -> Value {
    match property["type"].as_str() {
        Some("array") => Value::Array(vec![name.to_uppercase().into()]),
        Some("object") => Value::Object(Map::new()),
        _ => name.to_uppercase().into(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_operation_is_described_with_its_fields_and_an_example() {
        let document = json!({
            "paths": {"/api/v1/things/{id}": {"put": {
                "tags": ["things"], "operationId": "put_thing", "summary": "Puts a thing.",
                "x-roles": ["admin"],
                "parameters": [{"name": "If-Match", "in": "header", "required": true, "schema": {"type": "string"}, "description": "Version"}, {"name": "Idempotency-Key"}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                "responses": {"200": {"description": "The thing"}, "401": {"description": "No token"}, "409": {"description": "Taken"}},
            }}},
            "components": {"schemas": {"Thing": {
                "type": "object", "required": ["email"],
                "properties": {"email": {"type": "string", "description": "Address"}, "note": {"type": ["string", "null"]}},
            }}},
        });
        let groups = groups(&document, "https://news.example.edu");
        assert_eq!((groups.len(), groups[0].name.as_str()), (1, "things"));
        let operation = &groups[0].operations[0];
        let fields: Vec<_> = operation
            .fields
            .iter()
            .map(|f| (f.name.as_str(), f.place.as_str(), f.kind.as_str(), f.required))
            .collect();
        assert_eq!(
            fields,
            [
                ("If-Match", "header", "string", true),
                ("email", "body", "string", true),
                ("note", "body", "string or null", false)
            ]
        );
        let statuses: Vec<_> = operation.responses.iter().map(|r| r.status.as_str()).collect();
        assert_eq!(statuses, ["200", "409"]);
        assert_eq!(
            operation.example.as_deref().unwrap(),
            "curl -X PUT https://news.example.edu/api/v1/things/ID \\\n  -H \"Authorization: Bearer $TOKEN\" \\\n  -H 'If-Match: \"ETAG\"' \\\n  -H \"Content-Type: application/json\" \\\n  -d '{\"email\":\"EMAIL\"}'"
        );
    }
}
