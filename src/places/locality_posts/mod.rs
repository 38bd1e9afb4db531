//! Posts: who is head, Party-cell secretary, militia leader, health worker or another post-holder of a village, and the contact
//! officer of a commune, with phone and term.

mod handlers;
pub mod model;
mod problems;
pub mod queries;

use crate::access::resource::{Resource, routes};
use crate::kernel::value::enums::Catalogue;
use crate::kernel::value::id::id;

id! {
    /// A holder of a post.
    LocalityPostId of "locality_posts"
}

pub const RESOURCE: Resource = Resource {
    tag: "locality-posts",
    about: "Holders of the posts of a village or commune, with phones and terms.",
    routes: routes! {
        list_locality_posts, create_locality_post, find_locality_post, update_locality_post, delete_locality_post,
    },
    problems: problems::PROBLEMS,
    catalogues: &[Catalogue { name: "locality_posts", items: model::LocalityPostWord::catalogue }],
    ..Resource::EMPTY
};
