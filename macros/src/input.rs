//! `#[input]`, `#[changes]` and `#[filter]`: the attributes of serde, validator, utoipa and diesel from bounds and types.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Expr, Field, GenericArgument, Ident, ItemStruct, PathArguments, Result, Type, parse_quote};

#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    New,
    Changes,
}

/// `table`: the table whose columns the fields are.
pub fn expand(mut body: ItemStruct, kind: Kind, table: Option<&Ident>) -> Result<TokenStream> {
    let skip: Attribute = match kind {
        Kind::New => parse_quote!(#[diesel(skip_insertion)]),
        Kind::Changes => parse_quote!(#[diesel(skip_update)]),
    };
    for field in &mut body.fields {
        let is_column = !has(field, "entries") && field.ident.as_ref().is_none_or(|name| name != "id");
        complete(field, kind)?;
        if table.is_some() && !is_column {
            field.attrs.push(skip.clone());
        }
    }
    let columns = table.map(|table| match kind {
        // Without it an absent value is sent as DEFAULT, and the statement is planned for each request.
        Kind::New => quote! {
            #[derive(diesel::Insertable)]
            #[diesel(table_name = #table)]
            #[diesel(treat_none_as_default_value = false)]
        },
        Kind::Changes => quote!(#[derive(diesel::AsChangeset)] #[diesel(table_name = #table)]),
    });
    Ok(quote! {
        #[derive(serde::Deserialize, validator::Validate, utoipa::ToSchema)]
        #columns
        #body
    })
}

pub fn expand_filter(mut body: ItemStruct) -> TokenStream {
    for field in &mut body.fields {
        if inner(&field.ty, "Vec").is_some() {
            field.attrs.push(parse_quote!(#[serde(default)]));
        }
        if has(field, "search") {
            field.attrs.retain(|attribute| !attribute.path().is_ident("search"));
            field
                .attrs
                .push(parse_quote!(#[serde(default, deserialize_with = "crate::kernel::http::extract::search")]));
            field.attrs.push(parse_quote!(#[param(max_length = 100)]));
        }
    }
    quote! {
        #[derive(Debug, serde::Deserialize, serde::Serialize, utoipa::IntoParams)]
        #[into_params(parameter_in = Query)]
        #body
    }
}

fn has(field: &Field, attribute: &str) -> bool {
    field.attrs.iter().any(|known| known.path().is_ident(attribute))
}

/// Replaces the attributes of this crate by those of serde, validator and utoipa.
fn complete(field: &mut Field, kind: Kind) -> Result<()> {
    let optional = inner(&field.ty, "Option");
    let clearable = optional.and_then(|of| inner(of, "Option"));
    let value = clearable.or(optional).unwrap_or(&field.ty);
    let is_list = inner(value, "Vec").is_some();
    let is_day = matches!(value, Type::Path(path) if path.path.is_ident("NaiveDate"));
    let is_optional = optional.is_some();
    let is_clearable = clearable.is_some();

    let mut added: Vec<Attribute> = Vec::new();
    let mut is_nullable = false;
    let mut has_entries = false;
    let mut takes_any_day = false;
    for attribute in std::mem::take(&mut field.attrs) {
        if attribute.path().is_ident("length") {
            let (least, most) = if is_list { ("min_items", "max_items") } else { ("min_length", "max_length") };
            let (min, max) = bounds(&attribute)?;
            let schema = (named(&min, least), named(&max, most));
            added.extend(bounded(&quote!(length), &min, &max, schema));
        } else if attribute.path().is_ident("range") {
            let (min, max) = bounds(&attribute)?;
            let schema = (named(&whole(&min)?, "minimum"), named(&whole(&max)?, "maximum"));
            added.extend(bounded(&quote!(range), &min, &max, schema));
        } else if attribute.path().is_ident("entries") {
            let (_, max) = bounds(&attribute)?;
            let max = max.ok_or_else(|| syn::Error::new_spanned(&attribute, "expected a largest number: `..=30`"))?;
            let reader = if kind == Kind::Changes { "present_at_most" } else { "at_most" };
            let reader = format!("crate::kernel::http::extract::{reader}::<_, _, {}>", max.to_token_stream());
            added.push(parse_quote!(#[serde(default, deserialize_with = #reader)]));
            added.push(parse_quote!(#[validate(nested)]));
            added.push(parse_quote!(#[schema(max_items = #max)]));
            has_entries = true;
        } else if attribute.path().is_ident("nullable") {
            is_nullable = true;
        } else if attribute.path().is_ident("any_day") {
            takes_any_day = true;
        } else {
            field.attrs.push(attribute);
        }
    }
    if is_day && !takes_any_day {
        added.push(parse_quote!(#[validate(custom(function = "crate::kernel::value::day::plausible"))]));
    }
    if kind == Kind::Changes && is_optional {
        if is_clearable {
            added.push(parse_quote!(#[serde(default, deserialize_with = "crate::kernel::value::patch::clearable")]));
        } else if !is_nullable {
            if !has_entries {
                added.push(parse_quote!(#[serde(default, deserialize_with = "crate::kernel::value::patch::present")]));
            }
            added.push(parse_quote!(#[schema(nullable = false)]));
        }
    }
    field.attrs.extend(added);
    Ok(())
}

/// The inclusive bounds of `#[length(1..=500)]`.
fn bounds(attribute: &Attribute) -> Result<(Option<Expr>, Option<Expr>)> {
    match attribute.parse_args()? {
        Expr::Range(range) if matches!(range.limits, syn::RangeLimits::Closed(_)) => {
            Ok((range.start.map(|start| *start), range.end.map(|end| *end)))
        }
        other => Err(syn::Error::new_spanned(other, "expected a closed range: `1..=500`")),
    }
}

/// The attribute of validator, and that of utoipa with the names of `schema`.
fn bounded(
    rule: &TokenStream,
    min: &Option<Expr>,
    max: &Option<Expr>,
    schema: (Option<TokenStream>, Option<TokenStream>),
) -> [Attribute; 2] {
    let (min, max) = (named(min, "min"), named(max, "max"));
    let (least, most) = schema;
    [parse_quote!(#[validate(#rule(#min #max))]), parse_quote!(#[schema(#least #most)])]
}

fn named(bound: &Option<Expr>, name: &str) -> Option<TokenStream> {
    let name = Ident::new(name, proc_macro2::Span::call_site());
    bound.as_ref().map(|bound| quote!(#name = #bound,))
}

/// A bound of a floating-point number as the document writes it: `-90` for `-90.0`.
fn whole(bound: &Option<Expr>) -> Result<Option<Expr>> {
    let text = bound.as_ref().map(|bound| bound.to_token_stream().to_string());
    match text.as_deref().and_then(|text| text.strip_suffix(".0")) {
        Some(number) => syn::parse_str(number).map(Some),
        None => Ok(bound.clone()),
    }
}

/// `T` of `wrapper<T>`.
fn inner<'a>(of: &'a Type, wrapper: &str) -> Option<&'a Type> {
    let Type::Path(path) = of else { return None };
    let segment = path.path.segments.last().filter(|segment| segment.ident == wrapper)?;
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => match arguments.args.first()? {
            GenericArgument::Type(argument) => Some(argument),
            _ => None,
        },
        _ => None,
    }
}
