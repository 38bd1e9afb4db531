//! `#[input]`, `#[changes]` and `#[filter]`: the attributes of serde, validator, utoipa and diesel, and the reading of each field,
//! from bounds and types.

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
    // Where serde derives something, too, its attributes stay.
    let has_serde = body.attrs.iter().any(|attribute| attribute.to_token_stream().to_string().contains("erialize"));
    let mut read = Vec::new();
    for field in &mut body.fields {
        let is_column = !has(field, "entries") && field.ident.as_ref().is_none_or(|name| name != "id");
        read.push(complete(field, kind, has_serde)?);
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
    let name = &body.ident;
    let null_is_absent = kind == Kind::New;
    let (declarations, readers): (Vec<_>, Vec<_>) =
        read.iter().map(|field| (&field.declaration, &field.reader)).unzip();
    let (names, values): (Vec<_>, Vec<_>) = read.iter().map(|field| (&field.name, &field.value)).unzip();
    Ok(quote! {
        #[derive(utoipa::ToSchema)]
        #columns
        #body

        const _: () = {
            /// The fields that could be read.
            #[derive(validator::Validate)]
            struct Read { #(#declarations),* }

            impl crate::kernel::http::body::fields::Input for #name {
                const NULL_IS_ABSENT: bool = #null_is_absent;

                fn read(fields: &mut crate::kernel::http::body::fields::Fields<'_, '_>) -> Option<Self> {
                    let read = Read { #(#names: #readers),* };
                    fields.check(&read);
                    Some(Self { #(#names: #values),* })
                }
            }
        };
    })
}

pub fn expand_filter(mut body: ItemStruct) -> Result<TokenStream> {
    let mut sensitive = Vec::new();
    for field in &mut body.fields {
        if has(field, "sensitive") {
            field.attrs.retain(|attribute| !attribute.path().is_ident("sensitive"));
            if let Some(name) = &field.ident {
                let word = name.to_string();
                let sent = if inner(&field.ty, "Vec").is_some() {
                    quote!(!self.#name.is_empty())
                } else {
                    quote!(self.#name.is_some())
                };
                sensitive.push(quote!((#word, #sent)));
            }
        }
        let optional = inner(&field.ty, "Option").cloned();
        if inner(&field.ty, "Vec").is_some() {
            field.attrs.push(parse_quote!(#[serde(default)]));
        }
        if optional.as_ref().is_some_and(is_day) {
            field.attrs.push(parse_quote!(#[validate(custom(function = "crate::kernel::value::day::plausible"))]));
        }
        let mut added: Vec<Attribute> = Vec::new();
        for attribute in std::mem::take(&mut field.attrs) {
            if attribute.path().is_ident("search") {
                added.push(parse_quote!(#[serde(default, deserialize_with = "crate::kernel::http::extract::search")]));
                added.push(parse_quote!(#[validate(length(max = 100))]));
                added.push(parse_quote!(#[param(max_length = 100)]));
            } else if is_bound(&attribute) {
                added.extend(bounded(&attribute, "param", false)?);
            } else {
                added.push(attribute);
            }
        }
        field.attrs = added;
    }
    let name = &body.ident;
    Ok(quote! {
        #[derive(Debug, serde::Deserialize, serde::Serialize, validator::Validate, utoipa::IntoParams)]
        #[into_params(parameter_in = Query)]
        #body

        impl crate::kernel::list::Filters for #name {
            fn sensitive(&self) -> Vec<&'static str> {
                let sent: &[(&'static str, bool)] = &[#(#sensitive),*];
                sent.iter().filter(|(_, sent)| *sent).map(|(name, _)| *name).collect()
            }
        }
    })
}

fn has(field: &Field, attribute: &str) -> bool {
    field.attrs.iter().any(|known| known.path().is_ident(attribute))
}

fn is_day(of: &Type) -> bool {
    matches!(of, Type::Path(path) if path.path.is_ident("NaiveDate"))
}

/// How a field is read from JSON.
struct ReadField {
    name: Ident,
    /// The field of `Read`, which is `None` where the value is absent or wrong.
    declaration: TokenStream,
    /// The expression that reads it.
    reader: TokenStream,
    /// The value of the finished struct.
    value: TokenStream,
}

/// Replaces the attributes of this crate by those of utoipa, and returns how the field is read and validated.
fn complete(field: &mut Field, kind: Kind, has_serde: bool) -> Result<ReadField> {
    let name = field.ident.clone().ok_or_else(|| syn::Error::new_spanned(&*field, "expected a named field"))?;
    let optional = inner(&field.ty, "Option").cloned();
    let clearable = optional.as_ref().and_then(|of| inner(of, "Option")).cloned();
    let value = clearable.as_ref().or(optional.as_ref()).unwrap_or(&field.ty).clone();
    let item = inner(&value, "Vec").cloned();

    let mut kept: Vec<Attribute> = Vec::new();
    let mut rules: Vec<Attribute> = Vec::new();
    let mut is_nullable = false;
    let mut is_nested = false;
    let mut most: Option<Expr> = None;
    let mut longest: Option<Expr> = None;
    let mut takes_any_day = false;
    let mut default: Option<TokenStream> = None;
    let mut reader: Option<TokenStream> = None;
    for attribute in std::mem::take(&mut field.attrs) {
        if is_bound(&attribute) {
            let [rule, shown] = bounded(&attribute, "schema", item.is_some())?;
            rules.push(rule);
            kept.push(shown);
            longest = bounds(&attribute)?.1;
        } else if attribute.path().is_ident("entries") {
            let (_, max) = bounds(&attribute)?;
            let max = max.ok_or_else(|| syn::Error::new_spanned(&attribute, "expected a largest number: `..=30`"))?;
            kept.push(parse_quote!(#[schema(max_items = #max)]));
            most = Some(max);
            default.get_or_insert_with(|| quote!(unwrap_or_default()));
        } else if attribute.path().is_ident("nullable") {
            is_nullable = true;
        } else if attribute.path().is_ident("nested") {
            is_nested = true;
        } else if attribute.path().is_ident("any_day") {
            takes_any_day = true;
        } else if attribute.path().is_ident("validate") {
            rules.push(attribute);
        } else if attribute.path().is_ident("serde") {
            attribute.parse_nested_meta(|meta| {
                let text: Option<syn::LitStr> =
                    if meta.input.peek(syn::Token![=]) { Some(meta.value()?.parse()?) } else { None };
                match text {
                    Some(text) if meta.path.is_ident("default") => {
                        let path: syn::Path = text.parse()?;
                        default = Some(quote!(unwrap_or_else(#path)));
                    }
                    Some(text) if meta.path.is_ident("deserialize_with") => {
                        let path: syn::Path = text.parse()?;
                        reader = Some(quote!(|value: &_, place: _, errors: &mut _| {
                            crate::kernel::http::body::fields::read_with(#path, value, place, errors)
                        }));
                    }
                    None if meta.path.is_ident("default") => default = Some(quote!(unwrap_or_default())),
                    _ => return Err(meta.error("expected `default` or `deserialize_with`")),
                }
                Ok(())
            })?;
            if has_serde {
                kept.push(attribute);
            }
        } else {
            kept.push(attribute);
        }
    }
    if is_day(&value) && !takes_any_day {
        rules.push(parse_quote!(#[validate(custom(function = "crate::kernel::value::day::plausible"))]));
    }
    let read = quote!(crate::kernel::http::body::fields);
    let reader = reader.unwrap_or_else(|| match (&item, &most) {
        (Some(item), Some(most)) => quote!(#read::entries::<#item, #most>),
        (Some(item), None) => {
            let longest = longest.map_or_else(|| quote!({ usize::MAX }), |longest| quote!({ #longest }));
            quote!(#read::list::<#item, #longest>)
        }
        (None, _) if is_nested => quote!(#read::part::<#value>),
        (None, _) => quote!(#read::value::<#value>),
    });
    let text = name.to_string();
    let is_default = default.is_some() && optional.is_none();
    let (mode, found, finished) = if clearable.is_some() {
        ("clearable", quote!(Option<Option<#value>>), quote!(read.#name))
    } else if kind == Kind::Changes && optional.is_some() && !is_nullable {
        kept.push(parse_quote!(#[schema(nullable = false)]));
        ("present", quote!(Option<#value>), quote!(read.#name))
    } else if optional.is_some() {
        ("optional", quote!(Option<#value>), quote!(read.#name))
    } else if let Some(default) = default.filter(|_| is_default) {
        kept.push(parse_quote!(#[schema(required = false, nullable = true)]));
        ("optional", quote!(Option<#value>), quote!(read.#name.#default))
    } else {
        ("required", quote!(Option<#value>), quote!(read.#name?))
    };
    field.attrs = kept;
    let mode = Ident::new(mode, name.span());
    Ok(ReadField {
        declaration: quote!(#(#rules)* #name: #found),
        reader: quote!(fields.#mode(#text, #reader)),
        value: finished,
        name,
    })
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

fn is_bound(attribute: &Attribute) -> bool {
    ["length", "range"].iter().any(|rule| attribute.path().is_ident(rule))
}

/// The attribute of validator for `#[length]` or `#[range]`, and that of utoipa, which is `schema` or `param`.
fn bounded(attribute: &Attribute, shown: &str, is_list: bool) -> Result<[Attribute; 2]> {
    let (min, max) = bounds(attribute)?;
    let rule = attribute.path();
    let (least, most) = match (rule.is_ident("length"), is_list) {
        (true, true) => ("min_items", "max_items"),
        (true, false) => ("min_length", "max_length"),
        (false, _) => ("minimum", "maximum"),
    };
    let shown = Ident::new(shown, proc_macro2::Span::call_site());
    let (least, most) = (named(&whole(&min)?, least), named(&whole(&max)?, most));
    let (min, max) = (named(&min, "min"), named(&max, "max"));
    Ok([parse_quote!(#[validate(#rule(#min #max))]), parse_quote!(#[#shown(#least #most)])])
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
