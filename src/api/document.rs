//! The OpenAPI document: its frame, and what every operation has in common.

use serde_json::Value;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, Paths};
use utoipa::openapi::schema::{Object, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, RefOr,
    Required, ResponseBuilder,
};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::permission::Permission;
use crate::domain::role::Role;
use crate::wire::problem::{FieldError, ProblemDetails};

/// Name of the security scheme.
const TOKEN: &str = "token";

/// Text of the document about the API as a whole.
const DESCRIPTION: &str = "Reads and controls Courant. Clients authenticate with a token that \
`courant tokens create` prints. Times are RFC 3339 texts in UTC. Errors are problem details (RFC \
9457). Lists are read page by page: `next` is the cursor of the next page.";

/// Problems that every operation can return.
const COMMON: &[(&str, &str)] = &[
    ("400", "The request is malformed."),
    ("401", "The token is missing, unknown, expired or revoked."),
    ("403", "The token does not have the permission."),
    ("429", "The network makes too many requests; `Retry-After` states the wait in seconds."),
    ("500", "Courant failed; the server log has the reason."),
    ("503", "The database is unavailable; `Retry-After` states the wait in seconds."),
];

/// Problems of operations with a body.
const OF_BODY: &[(&str, &str)] = &[
    ("413", "The body is larger than 64 KiB."),
    ("415", "The body is not JSON."),
    ("422", "Fields of the body are not valid; `errors` names each."),
];

/// Problems of operations with an idempotency key.
const OF_REPETITION: &[(&str, &str)] = &[
    ("409", "A request with this `Idempotency-Key` is being carried out, or its answer is lost."),
    ("413", "The body is larger than 64 KiB."),
    ("422", "The `Idempotency-Key` belongs to another request."),
];

/// Returns a document without operations.
pub(super) fn frame() -> OpenApi {
    let license = LicenseBuilder::new()
        .name(env!("CARGO_PKG_LICENSE"))
        .identifier(Some(env!("CARGO_PKG_LICENSE")))
        .build();
    let info = InfoBuilder::new()
        .title("Courant")
        .version("1")
        .description(Some(DESCRIPTION))
        .license(Some(license))
        .build();
    let mut components = Components::new();
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("Token that `courant tokens create` prints"))
        .build();
    components.add_security_scheme(TOKEN, SecurityScheme::Http(scheme));
    for (name, schema) in [
        (ProblemDetails::name(), ProblemDetails::schema()),
        (FieldError::name(), FieldError::schema()),
    ] {
        components.schemas.insert(name.into_owned(), schema);
    }
    OpenApiBuilder::new().info(info).components(Some(components)).build()
}

/// Adds the permission and the common problems to all operations of some paths.
pub(super) fn describe(paths: &mut Paths, permission: Permission) {
    for (path, item) in &mut paths.paths {
        let methods =
            [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        for operation in methods.into_iter().flatten() {
            describe_operation(path, operation, permission);
        }
        if let Some(operation) = &mut item.post {
            describe_repetition(operation);
        }
    }
}

/// Adds the header by which a repeated request has no second effect, and its problems.
fn describe_repetition(operation: &mut Operation) {
    let header = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("Key of the request; a repetition with it has no second effect"))
        .schema(Some(Object::with_type(Type::String)))
        .build();
    operation.parameters.get_or_insert_default().push(RefOr::T(header));
    add_problems(operation, OF_REPETITION);
}

fn describe_operation(path: &str, operation: &mut Operation, permission: Permission) {
    operation.security = Some(vec![SecurityRequirement::new(TOKEN, Vec::<String>::new())]);
    let roles: Vec<&str> =
        Role::ALL.into_iter().filter(|role| role.grants(permission)).map(Role::as_str).collect();
    let extensions = ExtensionsBuilder::new()
        .add("x-permission", permission.as_str())
        .add("x-roles", roles)
        .build();
    operation.extensions = Some(extensions);
    add_problems(operation, COMMON);
    if path.contains('{') {
        add_problems(operation, &[("404", "The resource does not exist.")]);
    }
    if operation.request_body.is_some() {
        add_problems(operation, OF_BODY);
    }
}

/// Adds problems to an operation, except those that it describes itself.
fn add_problems(operation: &mut Operation, problems: &[(&str, &str)]) {
    for (status, description) in problems {
        operation
            .responses
            .responses
            .entry((*status).to_owned())
            .or_insert_with(|| problem(description));
    }
    // A problem that the operation describes has the same schema.
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && status.starts_with(['4', '5'])
            && response.content.is_empty()
        {
            let description = response.description.clone();
            if let RefOr::T(full) = problem(&description) {
                *response = full;
            }
        }
    }
}

fn problem(description: &str) -> RefOr<utoipa::openapi::Response> {
    let schema = Ref::from_schema_name(ProblemDetails::name());
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let response = ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", content)
        .build();
    RefOr::T(response)
}

/// Returns the document as JSON.
pub(super) fn to_json(document: &OpenApi) -> Value {
    // A document of texts, numbers and objects with text keys always serializes.
    serde_json::to_value(document).unwrap_or_default()
}
