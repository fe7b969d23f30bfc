//! `send_photos`: pictures of one item.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::arguments::Whole;
use super::{Shop, arguments};
use crate::catalogue::is_photo_address;
use crate::fact::Fact;
use crate::tool::{Action, Photo, Scope, Tool, ToolError, ToolOutput, ToolSpec};
use crate::words;

/// Proposes to send pictures of one item.
#[derive(Debug)]
pub struct SendPhotos {
    shop: Shop,
    spec: ToolSpec,
}

/// Pictures of which item.
#[derive(Debug, Deserialize, JsonSchema)]
struct Args {
    /// Its stock code, as `search_stock` gave it.
    code: String,
    /// How many at most, 1 to 10. Default: 5.
    limit: Option<Whole>,
}

impl SendPhotos {
    /// The tool for this shop.
    #[must_use]
    pub fn new(shop: Shop) -> Self {
        let description = "Sends the pictures of one item together with your reply. Only if it answers \"will_be_sent\" may the \
                           reply say that pictures come. Write no addresses of pictures yourself.";
        Self { spec: ToolSpec::of::<Args>("send_photos", description), shop }
    }
}

#[async_trait::async_trait]
impl Tool for SendPhotos {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, arguments: Value, scope: &Scope) -> Result<ToolOutput, ToolError> {
        let args: Args =
            arguments::read(arguments, "write an object such as {\"code\": \"AV-01\", \"limit\": 3}")?;
        let item = self.shop.item(scope, &args.code).await?;
        let title = words::plain(&item.title, 120);
        let limit = usize::try_from(args.limit.map_or(5, |limit| limit.0.clamp(1, 10))).unwrap_or(5);
        // An address that nothing can be fetched from would be a promise that is not kept.
        let fetchable = item.photos.iter().filter(|photo| is_photo_address(&photo.url)).take(limit);
        let photos: Vec<Photo> = fetchable
            .map(|photo| {
                let caption =
                    photo.caption.as_deref().map(|it| words::plain(it, 200)).filter(|it| !it.is_empty());
                Photo { url: photo.url.clone(), caption: Some(caption.unwrap_or_else(|| title.clone())) }
            })
            .collect();
        let facts = [Fact::Code(item.code.clone()), Fact::Words(title.clone())];
        if photos.is_empty() {
            let content = json!({ "will_be_sent": 0, "code": item.code, "title": title,
                "say": "there are no pictures of it; offer that a colleague sends some" });
            return Ok(ToolOutput::new(content).with_facts(facts));
        }
        let content = json!({ "will_be_sent": photos.len(), "code": item.code, "title": title });
        let count = Fact::Count(i64::try_from(photos.len()).unwrap_or_default());
        let action = Action::SendPhotos { code: item.code.clone(), photos };
        Ok(ToolOutput::new(content).with_facts(facts).with_facts([count]).with_action(action))
    }
}
