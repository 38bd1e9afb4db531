//! Attribute macros that derive the attributes of actix-web, utoipa, serde and validator from one declaration, and the reading of a
//! body field by field. They add no other control flow, no types, no queries.

mod input;
mod operation;

use proc_macro::TokenStream;
use syn::{Ident, ItemFn, ItemStruct, parse_macro_input};

/// Declares the operation of a handler: `#[operation(get "/gifts/{id}")]`.
///
/// The signature is the source of the document:
///
/// | in the signature | in the document |
/// |---|---|
/// | `May<P>` | the permission; without it the operation is public |
/// | `Id<T>` | the path parameter `id` |
/// | `PathYear` | the path parameter `year` |
/// | `List<F, S>`, `SheetList<F, S>`, `Query<F>` | the parameters of the filter and of the paging |
/// | `Valid<T>` | the body |
/// | `ValidOrEmpty<T>` | a body that may be left out |
/// | `IfMatch` | the header `If-Match` |
/// | `Found<T>`, `Json<T>` | 200 with `T` |
/// | `Created<T>`, `NoContent` | 201 with `T`, 204 |
/// | `Listed<T>` | 200 with a page of `T` |
/// | `SheetList<F, S>` | a second operation, with all rows as CSV, at the path with `.csv` |
///
/// The tag is the first segment of the path. `tag = "…"` names another one; `params(…)` adds parameters, `responses(…)`
/// replaces the derived answer, and `sheet` adds the path with `.csv` of an answer that is no list.
#[proc_macro_attribute]
pub fn operation(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let declaration = parse_macro_input!(attribute as operation::Declaration);
    let handler = parse_macro_input!(item as ItemFn);
    operation::expand(&declaration, &handler).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Declares the body of a request, or a part of one: derives `ToSchema`, and implements `Input`, which reads and validates every field,
/// so that one answer names all wrong ones.
///
/// Bounds are declared once on the field, for validator and for the document: `#[length(1..=500)]` of texts and lists,
/// `#[range(0..=9)]` of numbers, `#[entries(..=30)]` of lists of objects, `#[nested]` of one object. A day is validated by its type,
/// unless it is `#[any_day]`. Null is the same as no field. A field that may be absent is an `Option`, a list of entries, or has
/// `#[serde(default)]`.
///
/// `#[input(gifts)]` also derives `Insertable` for that table: all fields are columns, except `id` and lists of entries.
#[proc_macro_attribute]
pub fn input(table: TokenStream, item: TokenStream) -> TokenStream {
    expand_input(table, item, input::Kind::New)
}

/// Declares a merge patch (RFC 7396): like `input`, and null is interpreted by the type of a field. `Option<Option<T>>`
/// is cleared by null; `Option<T>` rejects null, unless the field is `#[nullable]`, where null means absent.
///
/// `#[changes(gifts)]` also derives `AsChangeset` for that table: all fields are columns, except `id` and lists of entries.
#[proc_macro_attribute]
pub fn changes(table: TokenStream, item: TokenStream) -> TokenStream {
    expand_input(table, item, input::Kind::Changes)
}

fn expand_input(table: TokenStream, item: TokenStream, kind: input::Kind) -> TokenStream {
    let table = if table.is_empty() { None } else { Some(parse_macro_input!(table as Ident)) };
    let body = parse_macro_input!(item as ItemStruct);
    input::expand(body, kind, table.as_ref()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Declares the filter of a list, as parameters of the query: derives `Deserialize`, `Serialize` (which binds the cursor to
/// the filter), `Validate` and `IntoParams`. A list is repeated (`?status=a&status=b`) and empty by default; `#[search]` reads words to
/// search for, `#[range(0..=9)]` bounds a number, and a day is validated by its type; `#[sensitive]` marks a filter by a field that is
/// withheld from some callers.
#[proc_macro_attribute]
pub fn filter(_: TokenStream, item: TokenStream) -> TokenStream {
    input::expand_filter(parse_macro_input!(item as ItemStruct)).unwrap_or_else(syn::Error::into_compile_error).into()
}
