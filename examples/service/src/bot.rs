//! The shop's assistant: its parts, wired.

use std::sync::Arc;

use anyhow::Context as _;
use wartel_bot::admin::{AdminDesk, AdminParts};
use wartel_bot::agent::AgentResponder;
use wartel_bot::catalogue::{CatalogueStore, Schema};
use wartel_bot::console::{Console, ConsoleParts};
use wartel_bot::lead::Leads;
use wartel_bot::llm::{BackendSettings, ModelSet, Models, NoLlmEvents};
use wartel_bot::pipeline::{BotConsumer, BotParts, BotWaker, BotWorker, Brain, InboxPending};
use wartel_bot::tenant::TenantStore;
use wartel_bot::{AiResponder, BookSender, Revision, RuleResponder, demo, tools};
use wartel_core::{Clock, MasterKey, TenantId};
use wartel_messaging::SenderBook;
use wartel_messaging::accounts::Devices;
use wartel_messaging::inbox::Inbox;
use wartel_sandbox::{LlmKind, SandboxHandle};

use crate::config::{Ai, Config, Environment};
use crate::stores::BotStores;

/// What takes entries of the inbox for the assistant, and what answers.
pub(crate) struct Bot {
    pub(crate) consumer: BotConsumer,
    pub(crate) worker: BotWorker,
    pub(crate) console: Console,
}

/// What the assistant is wired to.
pub(crate) struct Around<'a> {
    pub(crate) config: &'a Config,
    pub(crate) secret: &'a MasterKey,
    pub(crate) stores: &'a BotStores,
    pub(crate) inbox: Arc<dyn Inbox>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) senders: Arc<dyn SenderBook>,
    pub(crate) devices: Devices,
    pub(crate) sandbox: Option<&'a SandboxHandle>,
}

/// Wires the assistant. In development a shop is opened for it, so that there is something to ask about.
pub(crate) async fn wire(around: Around<'_>) -> anyhow::Result<Bot> {
    let Around { config, stores, clock, .. } = around;
    if config.environment == Environment::Development && around.sandbox.is_some() {
        let photos = format!("{}photos", config.public_url.as_deref().unwrap_or("https://showroom.example/"));
        seed(&config.tenant, &photos, stores.tenants.as_ref(), stores.catalogue.as_ref()).await?;
    }
    let leads = Leads::new(Arc::clone(&stores.leads));
    let schema = Schema::cars();
    let mut brains: Vec<Arc<dyn AiResponder>> = Vec::new();
    if let Some(models) = models(config, stores, &clock, around.sandbox)? {
        let tools = tools::all(Arc::clone(&stores.tenants), Arc::clone(&stores.catalogue), schema.clone());
        brains.push(Arc::new(AgentResponder::new(Arc::new(models), tools)));
    }
    brains.push(Arc::new(RuleResponder::new(
        Arc::clone(&stores.tenants),
        Arc::clone(&stores.catalogue),
        schema.clone(),
    )));
    let waker = BotWaker::default();
    let sender = BookSender::new(around.senders).with_connections(Arc::new(around.devices));
    let worker = BotWorker::new(BotParts {
        chats: Arc::clone(&stores.conversations),
        tenants: Arc::clone(&stores.tenants),
        leads: leads.clone(),
        spend: Arc::clone(&stores.spend),
        sender: Arc::new(sender),
        pending: Arc::new(InboxPending::new(around.inbox)),
        brain: Brain::new(brains),
        clock: Arc::clone(&clock),
    })
    .with_waker(waker.clone());
    let desk = AdminDesk::new(
        AdminParts {
            tenants: Arc::clone(&stores.tenants),
            catalogue: Arc::clone(&stores.catalogue),
            schema: schema.clone(),
            leads: leads.clone(),
            chats: Arc::clone(&stores.conversations),
            spend: Arc::clone(&stores.spend),
            store: Arc::clone(&stores.admin),
            clock: Arc::clone(&clock),
        },
        around.secret,
    );
    let console = Console::new(
        ConsoleParts {
            tenants: Arc::clone(&stores.tenants),
            catalogue: Arc::clone(&stores.catalogue),
            leads: Arc::clone(&stores.leads),
            chats: Arc::clone(&stores.conversations),
            spend: Arc::clone(&stores.spend),
        },
        Arc::new(schema),
    )
    .with_clock(Arc::clone(&clock))
    .with_waker(waker.clone());
    let consumer =
        BotConsumer::new(Arc::clone(&stores.conversations), Arc::clone(&stores.tenants), leads, clock)
            .with_commands(Arc::new(desk))
            .with_waker(waker);
    Ok(Bot { consumer, worker, console })
}

/// The models, if there are any.
fn models(
    config: &Config,
    stores: &BotStores,
    clock: &Arc<dyn Clock>,
    sandbox: Option<&SandboxHandle>,
) -> anyhow::Result<Option<Models>> {
    let settings = match (&config.ai, sandbox) {
        (Ai::None, _) => return Ok(None),
        (Ai::Backend(settings), _) => settings.clone(),
        (Ai::Sandbox, Some(sandbox)) => BackendSettings::new("zai", "glm-4.7-flash")
            .with_api_key(sandbox.llm().key().to_owned())
            .with_base_url(sandbox.llm_base(LlmKind::Zai)),
        (Ai::Sandbox, None) => {
            tracing::warn!("AI_PROVIDER=sandbox needs WHATSAPP_PROVIDER=sandbox; rules answer customers");
            return Ok(None);
        }
    };
    let models = Models::new(Arc::clone(&stores.spend), Arc::clone(clock), Arc::new(NoLlmEvents));
    let backend = settings.backend().context("AI_PROVIDER")?;
    models.set_default(ModelSet::new(vec![backend])).context("AI_PROVIDER")?;
    Ok(Some(models))
}

/// Opens a demonstration shop for a tenant that has none. What is there is left as it is.
async fn seed(
    tenant: &TenantId,
    photos: &str,
    shops: &dyn TenantStore,
    catalogue: &dyn CatalogueStore,
) -> anyhow::Result<()> {
    if shops.get(tenant).await?.is_some() {
        return Ok(());
    }
    let (mut shop, items) = demo::shop(tenant.clone(), photos);
    shop.bot.enabled = true;
    for item in items {
        // Another process may seed at the same time: the same items.
        catalogue.save(&item, Revision::NEW).await?;
    }
    shops.save(&shop, Revision::NEW).await?;
    tracing::info!(%tenant, "a demonstration shop is open; write to it on the sandbox's phone");
    Ok(())
}
