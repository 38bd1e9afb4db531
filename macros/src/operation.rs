//! `#[operation]`: the attributes of utoipa and actix-web from the signature of a handler.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::{FnArg, GenericArgument, Ident, ItemFn, LitStr, Meta, PathArguments, Result, ReturnType, Token, Type};

/// `get "/gifts"`, then `tag`, `params` and `responses` where they differ from the signature.
pub struct Declaration {
    method: Ident,
    path: LitStr,
    tag: Option<TokenStream>,
    params: Vec<TokenStream>,
    responses: Option<TokenStream>,
    /// Also answered as a sheet, at the path with `.csv`.
    sheet: bool,
}

impl Parse for Declaration {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut declaration = Self {
            method: input.parse()?,
            path: input.parse()?,
            tag: None,
            params: Vec::new(),
            responses: None,
            sheet: false,
        };
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            match input.parse()? {
                Meta::NameValue(option) if option.path.is_ident("tag") => {
                    declaration.tag = Some(option.value.to_token_stream());
                }
                Meta::List(option) if option.path.is_ident("params") => declaration.params.push(option.tokens),
                Meta::List(option) if option.path.is_ident("responses") => declaration.responses = Some(option.tokens),
                Meta::Path(option) if option.is_ident("sheet") => declaration.sheet = true,
                other => {
                    return Err(syn::Error::new_spanned(other, "expected `tag`, `params`, `responses` or `sheet`"));
                }
            }
        }
        Ok(declaration)
    }
}

pub fn expand(declaration: &Declaration, handler: &ItemFn) -> Result<TokenStream> {
    let Declaration { method, path, tag, params, responses, sheet } = declaration;
    let mut is_sheet = *sheet;
    let mut security = None;
    let mut body = None;
    let (mut in_path, mut in_query, mut in_header) = (Vec::new(), Vec::new(), Vec::new());
    for argument in &handler.sig.inputs {
        let FnArg::Typed(argument) = argument else { continue };
        let Some((name, types)) = named(&argument.ty) else { continue };
        match (name.as_str(), types.as_slice()) {
            ("May", [permission]) => {
                security = Some(
                    quote!(security(("bearer" = [<#permission as crate::access::policy::Permitted>::PERMISSION.word()])),),
                );
            }
            ("Id", [id]) => in_path.push(quote!(("id" = #id, Path))),
            ("PartId", [id]) => {
                let name = part_name(path)?;
                in_path.push(quote!((#name = #id, Path)));
            }
            ("PathYear", []) => {
                in_path.push(quote!(("year" = i32, Path, minimum = 1000, maximum = 9999, example = 2026)));
            }
            ("Query", [filter]) => in_query.push(quote!(#filter)),
            ("List", [filter, sort]) => in_query.extend(listed(filter, quote!(Paging<#sort>))),
            ("SheetList", [filter, sort]) => {
                is_sheet = true;
                in_query.extend(listed(filter, quote!(Paging<#sort>)));
            }
            ("Valid", [content]) => body = Some(quote!(request_body = #content,)),
            ("ValidOrEmpty", [content]) => body = Some(quote!(request_body = Option<#content>,)),
            ("IfMatch", []) => in_header.push(quote!(("If-Match" = String, Header))),
            _ => {}
        }
    }
    let params = params.iter().chain(&in_path).chain(&in_query).chain(&in_header);
    let responses = match responses {
        Some(responses) => responses.clone(),
        None => answer(handler)?,
    };
    let tag = match tag {
        Some(tag) => tag.clone(),
        None => first_segment(path)?.to_token_stream(),
    };
    // utoipa does not read `routes`, so it is told method and path.
    let routes = is_sheet
        .then(|| LitStr::new(&format!("{}.csv", path.value()), path.span()))
        .map(|also| quote!(#[actix_web::routes] #[#method(#path)] #[#method(#also)]));
    let routes = routes.unwrap_or_else(|| quote!(#[#method(#path)]));
    let extension = is_sheet.then(|| quote!(extensions(("x-sheet" = json!(true))),));
    Ok(quote! {
        #[utoipa::path(#method, path = #path, tag = #tag, #security params(#(#params),*), #body #extension responses(#responses))]
        #routes
        #handler
    })
}

/// A list without a filter has the parameters of its paging only.
fn listed(filter: &Type, paging: TokenStream) -> Vec<TokenStream> {
    let has_none = named(filter).is_some_and(|(name, _)| name == "NoFilter");
    let filter = (!has_none).then(|| quote!(#filter));
    filter.into_iter().chain([quote!(crate::kernel::list::#paging)]).collect()
}

/// The successful answer, from the return type `Result<…>`.
fn answer(handler: &ItemFn) -> Result<TokenStream> {
    let unknown = || syn::Error::new_spanned(&handler.sig.output, "unknown return type: add `responses(…)`");
    let ReturnType::Type(_, outcome) = &handler.sig.output else { return Err(unknown()) };
    let (name, types) = match named(outcome) {
        Some((name, types)) if name == "Result" => types.first().and_then(named).ok_or_else(unknown)?,
        Some(other) => other,
        None => return Err(unknown()),
    };
    match (name.as_str(), types.as_slice()) {
        ("Found" | "Json", [record]) => Ok(quote!((status = 200, body = #record))),
        ("Created", [record]) => Ok(quote!((status = 201, body = #record))),
        ("NoContent", []) => Ok(quote!((status = 204))),
        ("Listed", [record]) => Ok(quote!((status = 200, body = crate::kernel::list::page::Page<#record>))),
        _ => Err(unknown()),
    }
}

/// The last segment of a type's path, and its type arguments.
fn named(of: &Type) -> Option<(String, Vec<Type>)> {
    let Type::Path(path) = of else { return None };
    let segment = path.path.segments.last()?;
    let types = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => arguments
            .args
            .iter()
            .filter_map(|argument| match argument {
                GenericArgument::Type(argument) => Some(argument.clone()),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    Some((segment.ident.to_string(), types))
}

/// `household_id` of `/gifts/{id}/recipients/{household_id}`.
fn part_name(path: &LitStr) -> Result<LitStr> {
    let value = path.value();
    let name = value.rsplit_once("/{").and_then(|(_, last)| last.strip_suffix('}')).filter(|name| *name != "id");
    let name =
        name.ok_or_else(|| syn::Error::new_spanned(path, "a path of a part ends with its id: `{household_id}`"))?;
    Ok(LitStr::new(name, path.span()))
}

fn first_segment(path: &LitStr) -> Result<LitStr> {
    let value = path.value();
    let segment = value.split('/').nth(1).filter(|segment| !segment.is_empty());
    let segment = segment.ok_or_else(|| syn::Error::new_spanned(path, "a path begins with `/` and a segment"))?;
    Ok(LitStr::new(segment, path.span()))
}
