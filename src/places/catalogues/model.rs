use serde::Serialize;
use utoipa::ToSchema;

use crate::kernel::secrets::{base64url, sha256};
use crate::kernel::value::enums::{Catalogue, CatalogueItem};

/// One enumeration or official list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CatalogueView {
    #[schema(example = "poverty_statuses")]
    pub name: String,
    /// Hash of the items.
    #[schema(example = "q2v8n1C0aQ")]
    pub version: String,
    pub items: Vec<CatalogueItem>,
}

/// All enumerations and official lists.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CatalogueList {
    /// Hash of the versions of all catalogues.
    #[schema(example = "q2v8n1C0aQ")]
    pub version: String,
    pub items: Vec<CatalogueView>,
}

/// The catalogues of all resources, built once at the start.
pub struct Catalogues(pub CatalogueList);

impl Catalogues {
    pub fn new<'c>(contributed: impl Iterator<Item = &'c Catalogue>) -> Self {
        let view = |catalogue: &Catalogue| {
            let items = (catalogue.items)();
            CatalogueView { name: catalogue.name.to_owned(), version: mark(&items), items }
        };
        let mut items: Vec<CatalogueView> = contributed.map(view).collect();
        items.sort_by(|a, b| a.name.cmp(&b.name));
        let versions: Vec<&str> = items.iter().map(|item| item.version.as_str()).collect();
        Self(CatalogueList { version: mark(&versions), items })
    }

    pub fn find(&self, name: &str) -> Option<&CatalogueView> {
        self.0.items.iter().find(|catalogue| catalogue.name == name)
    }
}

fn mark(content: &impl Serialize) -> String {
    let json = serde_json::to_vec(content).unwrap_or_default();
    base64url(sha256(&json).get(..8).unwrap_or_default())
}
