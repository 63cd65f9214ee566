//! What can go wrong on the way to a server, named; hosts are named, addresses and secrets never.

use std::path::PathBuf;

use thiserror::Error;

use crate::chat::Fault;
use crate::chat::FaultKind;

/// What is wrong with the other side's certificate, or with TLS itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TlsFault {
    /// The certificate's time is over, or has not come.
    Expired,
    /// The certificate is another host's.
    WrongHost,
    /// Nobody who is trusted has signed the certificate.
    Untrusted,
    /// The two sides do not come to terms.
    Handshake,
}

impl TlsFault {
    fn words(self) -> &'static str {
        match self {
            Self::Expired => "its certificate is out of date",
            Self::WrongHost => "its certificate is another host's",
            Self::Untrusted => "nobody trusted has signed its certificate",
            Self::Handshake => "TLS could not be agreed on",
        }
    }
}

/// Why nothing was sent, or nothing came back.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NetError {
    /// The kill switch holds.
    #[error("{0}")]
    Off(&'static str),
    /// The address cannot be used.
    #[error("the address cannot be used: {why}")]
    Address {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The key cannot be used.
    #[error("the key cannot be used: {0}")]
    Key(&'static str),
    /// A key was to go to another origin than its own.
    #[error("a key of {key} is not sent to {other}")]
    OtherOrigin {
        /// Where it belongs.
        key: String,
        /// Where it was to go.
        other: String,
    },
    /// Plain text would have left this device.
    #[error("{host} is only spoken to over https")]
    PlainText {
        /// The host.
        host: String,
    },
    /// The certificates that the user named cannot be read.
    #[error("cannot use the certificates in {}: {why}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// A header cannot be sent.
    #[error("the header {0} cannot be sent")]
    Header(String),
    /// The client cannot be made.
    #[error("cannot prepare {0}")]
    Client(&'static str),
    /// The name leads nowhere.
    #[error("cannot look up {host}: {why}")]
    Lookup {
        /// The name.
        host: String,
        /// Why.
        why: String,
    },
    /// Nobody listens there.
    #[error("{host} refused the connection")]
    Refused {
        /// The host.
        host: String,
    },
    /// There is no way to the host.
    #[error("{host} cannot be reached")]
    Unreachable {
        /// The host.
        host: String,
    },
    /// No connection, TLS included, within the limit.
    #[error("no connection to {host} within {seconds} s")]
    ConnectTimeout {
        /// The host.
        host: String,
        /// The limit.
        seconds: u64,
    },
    /// TLS failed.
    #[error("no secure connection to {host}: {}", fault.words())]
    Tls {
        /// The host.
        host: String,
        /// How.
        fault: TlsFault,
    },
    /// The proxy did not pass the connection on.
    #[error("the proxy does not let {host} through")]
    Proxy {
        /// The host behind it.
        host: String,
    },
    /// No reply within the limit.
    #[error("{host} took the request and said nothing for {seconds} s")]
    FirstByteTimeout {
        /// The host.
        host: String,
        /// The limit.
        seconds: u64,
    },
    /// Nothing more came within the limit.
    #[error("{host} fell silent for {seconds} s")]
    IdleTimeout {
        /// The host.
        host: String,
        /// The limit.
        seconds: u64,
    },
    /// The connection broke.
    #[error("the connection to {host} broke")]
    Broken {
        /// The host.
        host: String,
    },
    /// The reply is longer than allowed.
    #[error("{host} sent more than {limit} bytes")]
    TooLong {
        /// The host.
        host: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// The reply is packed in a way that was not asked for.
    #[error("{host} packed its reply, which nobody asked for")]
    Encoded {
        /// The host.
        host: String,
    },
    /// A redirect that is not followed.
    #[error("{host} sends to {target}, which is not followed")]
    Redirect {
        /// Who sends.
        host: String,
        /// Where to: an origin, or what is wrong with it.
        target: String,
    },
}

impl NetError {
    /// Returns whether the same request may find another answer soon: nobody was there, or the
    /// way broke. A wrong certificate or setting stays wrong until somebody changes it.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Lookup { .. }
            | Self::Refused { .. }
            | Self::Unreachable { .. }
            | Self::ConnectTimeout { .. }
            | Self::FirstByteTimeout { .. }
            | Self::IdleTimeout { .. }
            | Self::Broken { .. } => true,
            Self::Tls { fault, .. } => *fault == TlsFault::Handshake,
            Self::Off(_)
            | Self::Address { .. }
            | Self::Key(_)
            | Self::OtherOrigin { .. }
            | Self::PlainText { .. }
            | Self::CaFile { .. }
            | Self::Header(_)
            | Self::Client(_)
            | Self::Proxy { .. }
            | Self::TooLong { .. }
            | Self::Encoded { .. }
            | Self::Redirect { .. } => false,
        }
    }

    /// Returns whether nothing of a request has left this device.
    pub(super) fn is_before_sending(&self) -> bool {
        match self {
            Self::FirstByteTimeout { .. }
            | Self::IdleTimeout { .. }
            | Self::Broken { .. }
            | Self::TooLong { .. }
            | Self::Encoded { .. }
            | Self::Redirect { .. } => false,
            Self::Off(_)
            | Self::Address { .. }
            | Self::Key(_)
            | Self::OtherOrigin { .. }
            | Self::PlainText { .. }
            | Self::CaFile { .. }
            | Self::Header(_)
            | Self::Client(_)
            | Self::Lookup { .. }
            | Self::Refused { .. }
            | Self::Unreachable { .. }
            | Self::ConnectTimeout { .. }
            | Self::Tls { .. }
            | Self::Proxy { .. } => true,
        }
    }

    fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Off(_) => "answer on this device with --mode local-only",
            Self::Key(_) => "look at what key_env, key_command or the keyring gives",
            Self::PlainText { .. } => {
                "use https; an endpoint of config.toml may say allow_http = true"
            }
            Self::CaFile { .. } => "ca_file names a file of PEM certificates",
            Self::Client(_) => "install the system's CA certificates, or name some with ca_file",
            Self::Lookup { .. } => "is this device online, and the name right?",
            Self::Refused { .. } => "is the server running, and the port right?",
            Self::Unreachable { .. } | Self::ConnectTimeout { .. } => {
                "is this device online, and the address right?"
            }
            Self::Tls { fault: TlsFault::Untrusted, .. } => {
                "if the certificate is your own, name its authority with ca_file"
            }
            Self::Tls { fault: TlsFault::Handshake, .. } => "does the server speak https there?",
            Self::Redirect { .. } => "if that is where it moved, change base_url",
            _ => return None,
        })
    }
}

impl From<NetError> for Fault {
    fn from(error: NetError) -> Self {
        let kind = match &error {
            NetError::Off(_) => FaultKind::NoRoute,
            NetError::Address { .. }
            | NetError::Key(_)
            | NetError::OtherOrigin { .. }
            | NetError::PlainText { .. }
            | NetError::CaFile { .. }
            | NetError::Header(_) => FaultKind::Usage,
            _ => FaultKind::Failed,
        };
        let fault = Self::new(error.to_string()).kind(kind);
        match error.hint() {
            Some(hint) => fault.hint(hint),
            None => fault,
        }
    }
}
