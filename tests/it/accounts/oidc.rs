//! Sign-in with an OpenID provider, against one that misbehaves on demand.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use axum::Router;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use courant::accounts::{OIDC_BYTES, OidcAnswer, OidcError, OidcProvider, finish_oidc, start_oidc};
use courant::config::OidcSettings;
use courant::domain::time::MINUTE;
use courant::store::users::User;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::*;

/// Time of the sign-ins.
const NOW: Millis = crate::support::START_TIME;

/// Change to the claims of a token, or to its header.
type Change = fn(&mut Value, &mut Value);

/// A provider that signs tokens with ES256.
struct Provider {
    issuer: String,
    state: Arc<Mutex<ProviderState>>,
}

struct ProviderState {
    issuer: String,
    key: EcdsaKeyPair,
    kid: &'static str,
    /// Change to the next tokens.
    change: Change,
    /// Nonce and code challenge of the last request, as a browser carried them to the provider.
    nonce: String,
    challenge: String,
    used_codes: Vec<String>,
    key_requests: usize,
    metadata: Value,
}

type Shared = State<Arc<Mutex<ProviderState>>>;

fn new_key() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()
}

impl ProviderState {
    fn token(&self) -> String {
        let seconds = NOW.epoch_seconds();
        let mut claims = json!({
            "iss": self.issuer, "aud": "courant", "sub": "4711", "nonce": self.nonce,
            "iat": seconds, "exp": seconds + 300, "preferred_username": "Lin.Wei@college.example",
            "email": "lin@college.example", "email_verified": true, "groups": ["staff", "editor"],
        });
        let mut header = json!({"alg": "ES256", "kid": self.kid, "typ": "JWT"});
        (self.change)(&mut header, &mut claims);
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature = match header["alg"].as_str().unwrap() {
            "none" => Vec::new(),
            // The public key as the secret of an HMAC.
            "HS256" => {
                let mut mac =
                    Hmac::<Sha256>::new_from_slice(self.key.public_key().as_ref()).unwrap();
                mac.update(signed.as_bytes());
                mac.finalize().into_bytes().to_vec()
            }
            _ => self.key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap().as_ref().to_vec(),
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

async fn metadata(State(state): Shared) -> String {
    state.lock().unwrap().metadata.to_string()
}

async fn keys(State(state): Shared) -> String {
    let mut state = state.lock().unwrap();
    state.key_requests += 1;
    // An uncompressed point: 4, x, y.
    let point = state.key.public_key().as_ref().to_vec();
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let key = json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": state.kid,
        "x": encode(&point[1..33]), "y": encode(&point[33..])});
    json!({"keys": [key]}).to_string()
}

async fn token(State(state): Shared, Form(form): Form<Vec<(String, String)>>) -> Response {
    let mut state = state.lock().unwrap();
    let field = |name: &str| form.iter().find(|(key, _)| key == name).unwrap().1.clone();
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier").as_bytes()));
    let code = field("code");
    if challenge != state.challenge || state.used_codes.contains(&code) {
        return (StatusCode::BAD_REQUEST, json!({"error": "invalid_grant"}).to_string())
            .into_response();
    }
    state.used_codes.push(code);
    json!({"id_token": state.token(), "access_token": "x", "token_type": "Bearer"})
        .to_string()
        .into_response()
}

impl Provider {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let issuer = format!("http://{address}");
        let metadata = json!({
            "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
        });
        let state = Arc::new(Mutex::new(ProviderState {
            issuer: issuer.clone(),
            key: new_key(),
            kid: "one",
            change: |_, _| {},
            nonce: String::new(),
            challenge: String::new(),
            used_codes: Vec::new(),
            key_requests: 0,
            metadata,
        }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(self::metadata))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { issuer, state }
    }

    fn client(&self, change: impl FnOnce(&mut OidcSettings)) -> OidcProvider {
        let mut settings = OidcSettings {
            issuer: self.issuer.clone(),
            client_id: "courant".into(),
            client_secret: "hush".into(),
            name: "College login".into(),
            allowed_domains: Vec::new(),
            default_role: Role::Viewer,
            role_claim: None,
        };
        change(&mut settings);
        OidcProvider::new(settings, "https://news.example.edu")
    }

    fn change(&self, change: Change) {
        self.state.lock().unwrap().change = change;
    }
}

/// Begins a sign-in and carries the request to the provider; returns the state.
async fn begin(world: &World, provider: &Provider, client: &OidcProvider, seed: u8) -> String {
    let start = start_oidc(context(world), client, [seed; OIDC_BYTES], NOW).await.unwrap();
    let url = Url::parse(&start.url).unwrap();
    let parameter =
        |name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    assert_eq!(parameter("code_challenge_method"), "S256");
    assert_eq!(parameter("redirect_uri"), "https://news.example.edu/admin/oidc/callback");
    let mut state = provider.state.lock().unwrap();
    (state.nonce, state.challenge) = (parameter("nonce"), parameter("code_challenge"));
    start.state
}

async fn finish(
    world: &World,
    client: &OidcProvider,
    answer: OidcAnswer<'_>,
    now: Millis,
) -> Result<NewSession, OidcError> {
    finish_oidc(context(world), client, answer, BROWSER, unique()[..32].try_into().unwrap(), now)
        .await
}

fn answer<'a>(state: &'a str, code: &'a str) -> OidcAnswer<'a> {
    OidcAnswer { state, kept_state: state, code: Some(code), issuer: None }
}

/// Signs in with one code and returns the user.
async fn sign_in_with(
    world: &World,
    provider: &Provider,
    client: &OidcProvider,
    seed: u8,
) -> Result<User, OidcError> {
    let state = begin(world, provider, client, seed).await;
    let session = finish(world, client, answer(&state, &format!("code-{seed}")), NOW).await?;
    let found = accounts::authenticate(context(world), &session.id, NOW).await.unwrap();
    let name = found.unwrap().user.name;
    let ended = world.app.store.users().find(&name).await.unwrap().unwrap();
    world.sql("DELETE FROM sessions").await;
    Ok(ended)
}

fn reason(result: Result<User, OidcError>) -> String {
    match result {
        Ok(user) => panic!("{} signed in", user.name),
        Err(e) => e.to_string(),
    }
}

database_tests! {
    async fn a_person_signs_in_and_is_the_same_user_under_another_address(world) {
        let provider = Provider::start().await;
        let client = provider.client(|_| {});
        let user = sign_in_with(world, &provider, &client, 1).await.unwrap();
        assert_eq!((user.name.as_str(), user.role), ("lin-wei", Role::Viewer));
        provider.change(|_, claims| claims["preferred_username"] = json!("someone-else"));
        assert_eq!(sign_in_with(world, &provider, &client, 2).await.unwrap().name, "lin-wei");
        provider.change(|_, claims| claims["sub"] = json!("4712"));
        let other = sign_in_with(world, &provider, &client, 3).await.unwrap();
        assert_eq!(other.name, "lin-wei-2", "the same address and name is another person");
        assert_eq!(entries(world, AuditAction::SignIn).await[0].detail, Some(json!({"method": "openid"})));
    }

    async fn a_claim_gives_the_role_and_domains_limit_who_signs_in(world) {
        let provider = Provider::start().await;
        let client = provider.client(|settings| {
            settings.role_claim = Some("groups".into());
            settings.allowed_domains = vec!["college.example".into()];
        });
        assert_eq!(sign_in_with(world, &provider, &client, 1).await.unwrap().role, Role::Editor);
        provider.change(|_, claims| claims["groups"] = json!("lists"));
        assert_eq!(sign_in_with(world, &provider, &client, 2).await.unwrap().role, Role::ListManager);
        for (seed, change) in [
            (3, (|_, claims| claims["email_verified"] = json!(false)) as Change),
            (4, |_, claims| claims["email"] = json!("lin@evil.example")),
            (5, |_, claims| claims["email"] = json!("lin@college.example.evil.example")),
            (6, |_, claims| claims["email"] = Value::Null),
        ] {
            provider.change(change);
            let reason = reason(sign_in_with(world, &provider, &client, seed).await);
            assert!(reason.contains("allowed domain"), "{reason}");
        }
    }

    async fn tokens_that_are_not_for_this_sign_in_are_refused(world) {
        let provider = Provider::start().await;
        let client = provider.client(|_| {});
        let cases: [(&str, Change); 13] = [
            ("another issuer", |_, claims| claims["iss"] = json!(format!("{}/", claims["iss"].as_str().unwrap()))),
            ("another client", |_, claims| claims["aud"] = json!("Courant")),
            ("another client", |_, claims| claims["aud"] = json!(["other"])),
            ("to another client", |_, claims| claims["aud"] = json!(["courant", "other"])),
            ("to another client", |_, claims| claims["azp"] = json!("other")),
            ("another sign-in", |_, claims| claims["nonce"] = json!("replayed")),
            ("another sign-in", |_, claims| drop(claims.as_object_mut().unwrap().remove("nonce"))),
            ("expired", |_, claims| claims["exp"] = json!(NOW.epoch_seconds() - 61)),
            ("the future", |_, claims| claims["iat"] = json!(NOW.epoch_seconds() + 61)),
            ("subject", |_, claims| claims["sub"] = json!("")),
            ("malformed", |header, _| header["alg"] = json!("none")),
            ("forbidden algorithm", |header, _| header["alg"] = json!("HS256")),
            ("invalid signature", |header, _| header["alg"] = json!("RS256")),
        ];
        for (seed, (expected, change)) in (1..).zip(cases) {
            provider.change(change);
            let reason = reason(sign_in_with(world, &provider, &client, seed).await);
            assert!(reason.contains(expected), "{expected}: {reason}");
        }
        assert_eq!(world.app.store.users().count().await.unwrap(), 0);
    }

    async fn an_answer_is_accepted_once_from_the_browser_that_began_and_in_time(world) {
        let provider = Provider::start().await;
        let client = provider.client(|_| {});
        let refused = async |answer: OidcAnswer<'_>, now| match finish(world, &client, answer, now).await {
            Ok(_) => panic!("signed in"),
            Err(e) => e.to_string(),
        };
        let state = begin(world, &provider, &client, 1).await;
        let foreign = OidcAnswer { kept_state: "another", ..answer(&state, "a") };
        assert!(refused(foreign, NOW).await.contains("another browser"));
        assert!(refused(answer("", "a"), NOW).await.contains("another browser"));
        assert!(refused(answer("forged", "a"), NOW).await.contains("used already"));
        assert!(finish(world, &client, answer(&state, "a"), NOW).await.is_ok());
        assert!(refused(answer(&state, "b"), NOW).await.contains("used already"), "a replayed state");
        let state = begin(world, &provider, &client, 2).await;
        assert!(refused(answer(&state, "a"), NOW).await.contains("does not accept the code"), "a replayed code");
        let state = begin(world, &provider, &client, 3).await;
        assert!(refused(answer(&state, "c"), NOW.plus(11 * MINUTE)).await.contains("too late"));
        let state = begin(world, &provider, &client, 4).await;
        let mixed_up = OidcAnswer { issuer: Some("https://evil.example"), ..answer(&state, "d") };
        assert!(refused(mixed_up, NOW).await.contains("another issuer"));
        let state = begin(world, &provider, &client, 5).await;
        assert!(refused(OidcAnswer { code: None, ..answer(&state, "") }, NOW).await.contains("refused the sign-in"));
    }

    async fn keys_are_read_again_for_an_unknown_id_once_a_minute(world) {
        let provider = Provider::start().await;
        let client = provider.client(|_| {});
        sign_in_with(world, &provider, &client, 1).await.unwrap();
        sign_in_with(world, &provider, &client, 2).await.unwrap();
        let requests = || provider.state.lock().unwrap().key_requests;
        assert_eq!(requests(), 1);
        {
            let mut state = provider.state.lock().unwrap();
            (state.key, state.kid) = (new_key(), "two");
        }
        assert!(reason(sign_in_with(world, &provider, &client, 3).await).contains("unknown key"));
        assert_eq!(requests(), 1);
        let state = begin(world, &provider, &client, 4).await;
        let later = NOW.plus(MINUTE);
        assert!(finish(world, &client, answer(&state, "later"), later).await.is_ok());
        assert_eq!(requests(), 2);
    }

    async fn a_provider_with_another_issuer_than_configured_is_refused(world) {
        let provider = Provider::start().await;
        let client = provider.client(|_| {});
        let issuer = provider.issuer.clone();
        provider.state.lock().unwrap().metadata["issuer"] = json!(format!("{issuer}/"));
        let started = start_oidc(context(world), &client, [1; OIDC_BYTES], NOW).await;
        assert!(started.err().unwrap().to_string().contains("another issuer"));
        provider.state.lock().unwrap().metadata["issuer"] = json!(issuer);
        provider.state.lock().unwrap().metadata["authorization_response_iss_parameter_supported"] = json!(true);
        let state = begin(world, &provider, &client, 2).await;
        let without = finish(world, &client, answer(&state, "a"), NOW).await;
        assert!(without.err().unwrap().to_string().contains("another issuer"));
    }
}
