use ketnghia_macros::input;
use serde::Serialize;
use utoipa::ToSchema;

use crate::accounts::me::Account;

pub const MAX_USERNAME: u64 = 64;

/// User name and password of a sign-in.
#[input]
pub struct Credentials {
    /// Case is ignored.
    #[validate(length(min = 1, max = "MAX_USERNAME"))]
    #[schema(min_length = 1, max_length = 64, example = "langtung")]
    pub username: String,
    #[length(1..=128)]
    #[schema(format = Password, example = "ketnghia-demo")]
    pub password: String,
    /// The name of this device in the list of the user's sessions.
    #[length(..=100)]
    #[serde(default)]
    #[schema(example = "Điện thoại của làng")]
    pub device_name: Option<String>,
    /// The token of the last sign-in on this device: wrong passwords from other devices then do not delay this sign-in.
    #[length(..=200)]
    #[serde(default)]
    #[schema(example = "kd_0eXw3m0bVvJw0m9n2x4c6Q.Y2hhdA")]
    pub device_token: Option<String>,
}

/// A refresh token.
#[input]
pub struct RefreshGrant {
    #[length(1..=200)]
    #[schema(example = "kr_9Jx2mXcT0uM2p3mR8wJm7Fv6fY1kq0b5o8S2n4d6c8A")]
    pub refresh_token: String,
    /// The same as at the sign-in; a different one means that the token was copied.
    #[length(..=100)]
    #[serde(default)]
    #[schema(example = "Điện thoại của làng")]
    pub device_name: Option<String>,
}

/// Tokens of a session.
#[derive(Serialize, ToSchema)]
pub struct SessionTokens {
    /// Send it as `Authorization: Bearer …`.
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: String,
    /// Validity of the access token in seconds, from the Date header.
    #[schema(example = 900)]
    pub expires_in: i64,
    /// Valid once, for the next pair; keep it until the next pair has arrived.
    pub refresh_token: String,
    /// Keep it, also after signing out, and send it with the next sign-in on this device; null after a refresh.
    #[schema(example = "kd_0eXw3m0bVvJw0m9n2x4c6Q.Y2hhdA")]
    pub device_token: Option<String>,
    pub user: Account,
}
