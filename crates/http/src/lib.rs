//! The routers of Wartel, to mount in any axum app: registration by one-time codes, verifications for programs with an
//! API key, webhooks, health, the description of it all, and the registration page.
//!
//! For developers who have an axum app, and for the service that has nothing else. Everything comes in by argument;
//! there is no global state.
//!
//! ```
//! # #[cfg(all(feature = "registration", feature = "docs"))] {
//! use std::sync::Arc;
//! use wartel_core::MasterKey;
//! use wartel_http::{Http, HttpConfig};
//! use wartel_messaging::{outbox::MemoryOutbox, testing::FakeProvider};
//! use wartel_otp::{MemoryOtpStore, OtpService};
//! use wartel_registration::{MemoryRegistrationStore, RegistrationService};
//!
//! let (otp, _worker) = OtpService::builder(MasterKey::generate()?).app_name("Toko Budi")
//!     .provider(Arc::new(FakeProvider::default())).store(Arc::new(MemoryOtpStore::new())).build()?;
//! let store = Arc::new(MemoryRegistrationStore::new(MemoryOutbox::default()));
//! let registrations = RegistrationService::new(otp.clone(), store);
//!
//! let http = Http::new(HttpConfig::default())?;
//! let app = http.app(
//!     http.registration_routes(otp.clone(), registrations)
//!         .merge(http.verification_routes(otp.clone()))
//!         .merge(http.page_routes(&otp))
//!         .merge(http.health_routes(Vec::new())),
//! );
//! // wartel_http::serve(listener, app, ServeLimits::default(), shutdown).await
//! # let _app: wartel_http::axum::Router = app;
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`serve`] is a server with time limits and a bound on connections; `http.metrics_routes(…)` shows metrics. In an
//! app of your own, `routes.into_router()` is a plain [`axum::Router`] to merge; serve that with
//! `into_make_service_with_connect_info::<SocketAddr>()`, because limits for each caller need the callers' addresses.
//!
//! # What holds
//!
//! - Every error is a [`Problem`]: `application/problem+json` with a stable [`ProblemCode`], paths that are not
//!   there, bodies that are too large and panics included. None repeats what was sent.
//! - Neither logs nor metrics hold a path, a phone number, a code or a body: one line for each request has the route
//!   template, the status and the request id.
//! - `X-Forwarded-For` is believed from listed proxies only.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `otp` | `GET /api/verifications/{id}`, which can wait, and its events |
//! | `registration` | the registration routes and the page `/register` |
//! | `v1` | `/v1/verifications`, for programs with an API key: [`Http::v1_routes`] |
//! | `accounts` | `/v1/accounts` and the pairing of their devices: [`Http::account_routes`] |
//! | `bot` | the shop and its assistant, `/v1/shop`, `/v1/items`, `/v1/leads`, `/v1/chats`, `/v1/usage`: [`Http::shop_routes`] |
//! | `webhooks` | `POST /webhook/whatsapp/{token}`, and `GET` for the question of a provider: [`Http::webhook_routes`] |
//! | `docs` | `/openapi.json` and `/docs`, which works offline |
//!
//! # Why not a ready-made server?
//!
//! That is `wartel-service`, which is this crate and some wiring. Take the routers if you have an app already.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "accounts")]
mod accounts;
#[cfg(feature = "otp")]
mod answer;
mod client_ip;
mod codes;
mod config;
#[cfg(feature = "docs")]
mod docs;
#[cfg(feature = "otp")]
#[cfg_attr(not(feature = "registration"), allow(dead_code))]
mod engine;
#[cfg_attr(not(all(feature = "registration", feature = "v1")), allow(dead_code))]
mod extract;
mod health;
mod http;
mod layers;
mod metrics_page;
mod openapi;
#[cfg(feature = "registration")]
mod pages;
#[cfg(feature = "otp")]
mod places;
#[cfg_attr(not(all(feature = "registration", feature = "v1", feature = "bot")), allow(dead_code))]
mod problem;
#[cfg(feature = "registration")]
mod registration;
mod routes;
mod serve;
#[cfg(feature = "otp")]
#[cfg_attr(not(feature = "registration"), allow(dead_code))]
mod shapes;
#[cfg(feature = "bot")]
mod shop;
#[cfg_attr(not(all(feature = "registration", feature = "webhooks", feature = "v1")), allow(dead_code))]
mod texts;
#[cfg(feature = "v1")]
mod v1;
#[cfg(feature = "otp")]
mod verifications;
#[cfg(feature = "otp")]
mod watch;
#[cfg(feature = "webhooks")]
mod webhook_accounts;
#[cfg(feature = "webhooks")]
mod webhooks;

pub use axum;
pub use ipnet;

pub use client_ip::ClientIp;
pub use codes::ProblemCode;
pub use config::{HttpConfig, HttpConfigError};
pub use http::Http;
pub use problem::Problem;
pub use routes::Routes;
pub use serve::{ServeLimits, serve};
#[cfg(feature = "webhooks")]
#[cfg_attr(docsrs, doc(cfg(feature = "webhooks")))]
pub use webhook_accounts::{WebhookAccountList, WebhookAccounts, WebhookTokenError};
#[cfg(feature = "webhooks")]
#[cfg_attr(docsrs, doc(cfg(feature = "webhooks")))]
pub use webhooks::WebhookAccount;
