//! Puts everything together and serves until told to stop.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use wartel_access::Keys;
use wartel_bot::NotedBook;
use wartel_core::{AccountId, Clock, Probe, Secret, SystemClock};
use wartel_http::axum::Router;
use wartel_http::axum::body::Body;
use wartel_http::axum::extract::Request;
use wartel_http::{Http, HttpConfig, Routes, ServeLimits};
use wartel_messaging::SenderBook;
use wartel_messaging::accounts::{AccountBook, DeviceLookup, Devices, Sealer, Senders};
use wartel_messaging::inbox::{InboxDispatcher, LogConsumer};
use wartel_messaging::layers::DeviceProbe;
use wartel_messaging::outbox::OutboxDispatcher;
use wartel_messaging::pairing::DeviceReadiness;
use wartel_otp::{OtpService, ReceiptConsumer, ReverseConsumer};
use wartel_registration::RegistrationService;
use wartel_sandbox::SandboxHandle;
use wartel_storage::clock::{StoreClock, StoreClockTask};

use crate::config::{Config, Environment, Messaging};
use crate::stores::{Engine, Stores};
use crate::{bot, fallback, keys, messaging, stores, tell};

/// How long the workers may take to stop: a little longer than a send (25 s).
const SENDS_END: Duration = Duration::from_secs(28);
/// Files that are not connections of clients: the database, the provider, the log.
const FILES_KEPT: usize = 128;
/// How often the figures of `/metrics` are folded together.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);
/// How long the database may take to close.
const CLOSE: Duration = Duration::from_secs(10);

/// Serves until a signal comes.
pub(crate) async fn run(config: Config) -> anyhow::Result<()> {
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    // First of all: a process that cannot serve must not send either.
    let listener = TcpListener::bind(config.bind)
        .await
        .with_context(|| format!("WARTEL_BIND: cannot listen on {}", config.bind))?;
    let base = format!("http://{}", listener.local_addr()?);
    let secret = keys::load(&config.secret)?;
    let stores = stores::open(&config).await?;
    let time = Time::of(&stores).await?;
    let wired = messaging::wire(&config.messaging).await?;
    let sealer = Sealer::new(&secret, &config.previous_secrets);
    let token = webhook_token(&config)?;
    let book = AccountBook::new(Arc::clone(&stores.accounts), sealer)
        .with_clock(Arc::clone(&time.clock))
        .with_connector(messaging::connector(&config.messaging))
        .with_fixed(config.tenant.clone(), AccountId::default(), wired.account, token.as_ref())?;
    if !config.previous_secrets.is_empty() {
        let renewed = book.renew_seals().await.context("the credentials of accounts cannot be kept anew")?;
        tracing::info!(renewed, "credentials of accounts are kept with the present secret");
    }
    let pairings = Arc::clone(&stores.pairings);
    let (devices, looker) = Devices::with_clock(book.clone(), pairings, Arc::clone(&time.clock));
    let device = device_probe(wired.device_probe, &devices, &config).await?;
    let senders: Arc<dyn SenderBook> = Arc::new(Senders::new(devices.clone()));
    // What others send is noted, so that the assistant does not take its echo for a person.
    let noted: Arc<dyn SenderBook> = Arc::new(NotedBook::new(
        Arc::clone(&senders),
        Arc::clone(&stores.bot.conversations),
        Arc::clone(&time.clock),
    ));
    let own = noted.sender(&config.tenant, &AccountId::default()).await?;
    let provider = own.map_or(wired.provider, |own| own.provider);
    let mut otp = OtpService::builder(secret.clone());
    if let Some((deadline, account)) = fallback::open(&config, &noted).await? {
        otp = otp.fallback_account(deadline, account);
    }
    let (otp, worker) = otp
        .previous_secrets(config.previous_secrets.clone())
        .app_name(&config.app_name)
        .tenant(config.tenant.clone())
        .policy(config.policy.clone())
        .provider(Arc::clone(&provider))
        .senders(Arc::clone(&noted))
        .store(Arc::clone(&stores.otp))
        .tallies(Arc::clone(&stores.tallies))
        .pumping(config.pumping)
        .test_numbers(config.test_numbers.clone())
        .clock(Arc::clone(&time.clock))
        .build()?;
    let dispatcher = OutboxDispatcher::new(Arc::clone(&stores.outbox), provider, Arc::clone(&time.clock))
        .with_senders(noted);
    let registrations = RegistrationService::new(otp.clone(), Arc::clone(&stores.registration))
        .with_waker(dispatcher.waker());

    let sandbox = wired.sandbox.as_ref().map(|sandbox| sandbox.handle());
    let bot = bot::wire(bot::Around {
        config: &config,
        secret: &secret,
        stores: &stores.bot,
        inbox: Arc::clone(&stores.inbox),
        clock: Arc::clone(&time.clock),
        senders,
        devices: devices.clone(),
        sandbox: sandbox.as_ref(),
    })
    .await?;

    let inbox = InboxDispatcher::new(Arc::clone(&stores.inbox), Arc::clone(&time.clock))
        .with_consumer(Arc::new(ReceiptConsumer::new(otp.clone())))
        .with_consumer(Arc::new(ReverseConsumer::new(otp.clone())))
        .with_consumer(Arc::new(devices.clone()))
        .with_consumer(Arc::new(bot.consumer))
        .with_consumer(Arc::new(LogConsumer))
        .with_lid_lookups(Arc::new(book.clone()));
    let intake = inbox.intake();

    let (stop, stopped) = watch::channel(false);
    let (waker, inbox_waker) = (dispatcher.waker(), inbox.waker());
    let tasks = [
        supervised("the verification worker", worker.run(told(stopped.clone()))),
        supervised("the outbox dispatcher", dispatcher.run(told(stopped.clone()))),
        supervised("the inbox dispatcher", inbox.run(told(stopped.clone()))),
        supervised("the assistant", bot.worker.run(told(stopped.clone()))),
    ];
    // These hold nothing that would have to be ended well.
    if let Engine::Postgres(postgres) = &stores.engine {
        let (of_outbox, of_inbox) = (postgres.clone(), postgres.clone());
        let (told_outbox, told_inbox) = (told(stopped.clone()), told(stopped.clone()));
        supervised("the ear of the outbox", async move {
            of_outbox.on_outbox_written(|| waker.wake(), told_outbox).await;
        });
        supervised("the ear of the inbox", async move {
            of_inbox.on_inbox_written(|| inbox_waker.wake(), told_inbox).await;
        });
    }
    supervised("the worker of devices", looker.run(told(stopped.clone())));
    if let Some(task) = time.task {
        supervised("the clock", task.run(told(stopped.clone())));
    }

    let mut http = HttpConfig::default();
    http.trusted_proxies.clone_from(&config.trusted_proxies);
    http.public_url.clone_from(&config.public_url);
    // Whoever reads the sandbox's pages reads codes: they are for the developer's own machine.
    let phone_page = sandbox.as_ref().filter(|_| config.environment == Environment::Development);
    http.sandbox_link = phone_page.map(|_| "/sandbox/".to_owned());
    let http = Http::new(http)?;
    let api_keys = Keys::new(Arc::clone(&stores.api_keys)).with_clock(Arc::clone(&time.clock));
    let shop_keys = api_keys.clone();
    let mut routes = http
        .registration_routes(otp.clone(), registrations)
        .merge(http.verification_routes(otp.clone()))
        .merge(http.v1_routes(otp.clone(), api_keys.clone()))
        .merge(http.account_routes(devices.clone(), api_keys.clone(), Arc::clone(&stores.audit)))
        .merge(http.account_webhook_routes(devices, api_keys, Arc::clone(&stores.audit), intake.clone()))
        .merge(http.shop_routes(bot.console, shop_keys, Arc::clone(&stores.audit)))
        .merge(http.page_routes(&otp))
        .merge(http.metrics_routes(metrics()?))
        .merge(http.health_routes(
            stores.probes.into_iter().chain(time.probe).chain(wired.probes).chain(device).collect(),
        ));
    routes = routes.merge(http.webhook_routes(intake, Arc::new(book)));
    if let Some(handle) = phone_page {
        routes = mount(routes, handle);
    }

    if let (Some(handle), Some(token)) = (&sandbox, &token) {
        handle.set_webhooks(&format!("{base}/webhook/whatsapp/{}", token.expose()))?;
    }
    greet(&config, &base, sandbox.is_some());

    let mut limits = ServeLimits::default();
    limits.connections = limits.connections.min(open_files().saturating_sub(FILES_KEPT).max(16));
    let streams = sandbox.clone();
    let told_to_stop = async move {
        signal().await;
        tracing::info!("stopping");
        // Whoever looks at the phone would keep the server waiting.
        if let Some(handle) = streams {
            handle.close_streams();
        }
    };
    if !wartel_http::serve(listener, http.app(routes), limits, told_to_stop).await {
        tracing::warn!("some requests were still open and are cut off");
    }
    // Only now: until here a request could still begin a send.
    let _ = stop.send(true);
    let [codes, confirmations, inbound, answers] = tasks;
    let ended = async { tokio::join!(codes, confirmations, inbound, answers) };
    if tokio::time::timeout(SENDS_END, ended).await.is_err() {
        tracing::warn!("a send did not end; it is made again at the next start");
    }
    if let Some(sandbox) = wired.sandbox {
        sandbox.shutdown().await;
    }
    let _ = tokio::time::timeout(CLOSE, stores.engine.close()).await;
    Ok(())
}

/// What answers for the readiness of the device: where it is paired here, what its pairing knows as well.
async fn device_probe(
    probe: Option<Arc<DeviceProbe>>,
    devices: &Devices,
    config: &Config,
) -> anyhow::Result<Option<Arc<dyn Probe>>> {
    let Some(probe) = probe else { return Ok(None) };
    Ok(match devices.device(&config.tenant, &AccountId::default()).await? {
        DeviceLookup::Device(pairing) => Some(Arc::new(DeviceReadiness::new(probe, pairing))),
        _ => Some(probe),
    })
}

/// The clock that the engine, the registrations and the outbox go by.
struct Time {
    clock: Arc<dyn Clock>,
    probe: Option<Arc<dyn Probe>>,
    task: Option<StoreClockTask>,
}

impl Time {
    /// The store's own time if several instances share it, so that they agree; or else this machine's.
    async fn of(stores: &Stores) -> anyhow::Result<Self> {
        let Some(source) = &stores.time else {
            return Ok(Self { clock: Arc::new(SystemClock), probe: None, task: None });
        };
        let started = StoreClock::start(Arc::clone(source)).await;
        let (clock, task) = started.context("the store does not tell the time")?;
        Ok(Self { clock: Arc::new(clock.clone()), probe: Some(Arc::new(clock)), task: Some(task) })
    }
}

/// How many files this process may open: connections are files. Linux tells; elsewhere the usual limit is taken.
fn open_files() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(1_024)
}

/// What `/metrics` shows, in the Prometheus text format.
fn metrics() -> anyhow::Result<impl Fn() -> String + Send + Sync + 'static> {
    let handle = PrometheusBuilder::new().install_recorder().context("metrics cannot be kept")?;
    let upkeep = handle.clone();
    // Without it histograms grow for ever.
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(METRICS_UPKEEP);
        loop {
            tick.tick().await;
            upkeep.run_upkeep();
        }
    });
    Ok(move || handle.render())
}

/// The links of the first run; one line elsewhere.
fn greet(config: &Config, base: &str, sandbox: bool) {
    tracing::info!(
        environment = config.environment.as_str(),
        provider = config.messaging.as_str(),
        ai = config.ai.as_str(),
        "serving on {base}"
    );
    tell(&format!("listening on {base}"));
    if config.environment == Environment::Development {
        tell(&format!("\n  register       {base}/register"));
        if sandbox {
            tell(&format!("  your phone     {base}/sandbox/"));
        }
        tell(&format!("  API docs       {base}/docs\n"));
    }
}

/// The token in the webhook's URL: given, or made for this run of the sandbox.
fn webhook_token(config: &Config) -> anyhow::Result<Option<Secret>> {
    if config.webhook_token.is_some() || !matches!(config.messaging, Messaging::Sandbox) {
        return Ok(config.webhook_token.clone());
    }
    let mut bytes = [0_u8; 20];
    getrandom::fill(&mut bytes).map_err(|_| anyhow::anyhow!("the operating system gave no random bytes"))?;
    Ok(Some(Secret::new(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())))
}

/// The sandbox's pages and control API below `/sandbox`.
fn mount(routes: Routes, handle: &SandboxHandle) -> Routes {
    let handle = handle.clone();
    let sandbox = Router::new().fallback(move |request: Request| {
        let handle = handle.clone();
        async move { handle.handle(request).await.map(Body::new) }
    });
    routes.nest_service("/sandbox", sandbox)
}

/// Runs a worker and cries out if it ends before it was told to.
fn supervised(name: &'static str, work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(async move {
        // A task of its own, so that a panic is an answer here.
        if let Err(died) = tokio::spawn(work).await {
            tracing::error!(panicked = died.is_panic(), "{name} died; restart the service");
            std::process::abort();
        }
    })
}

async fn told(mut stopped: watch::Receiver<bool>) {
    // The sender gone is a service that ends, too.
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// The signal to stop: Ctrl-C, or SIGTERM from a supervisor.
async fn signal() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! { () = interrupted => {}, _ = terminated.recv() => {} }
            return;
        }
    }
    interrupted.await;
}
