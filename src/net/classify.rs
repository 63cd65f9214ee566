//! From the client library's errors to named ones.

use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::CertificateError;

use super::NetError;
use super::TlsFault;
use super::resolve::LookupError;

/// What a proxy's refusal is called by the library, whose type for it has no name outside.
const TUNNEL: &str = "tunnel error";

/// Names what ended a request to `host`, or the reading of its reply.
pub(super) fn classify(host: &str, connect: Duration, error: &reqwest::Error) -> NetError {
    let host = || host.to_owned();
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(lookup) = error.downcast_ref::<LookupError>() {
            return match lookup {
                LookupError::LeadsAway => NetError::PlainText { host: host() },
                other => NetError::Lookup { host: host(), why: other.to_string() },
            };
        }
        if let Some(tls) = tls_error(error) {
            return NetError::Tls { host: host(), fault: tls_fault(tls) };
        }
        if let Some(io) = error.downcast_ref::<io::Error>() {
            match io.kind() {
                io::ErrorKind::ConnectionRefused => return NetError::Refused { host: host() },
                io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable
                | io::ErrorKind::NetworkDown
                | io::ErrorKind::AddrNotAvailable => {
                    return NetError::Unreachable { host: host() };
                }
                _ => {}
            }
        }
        if error.to_string().contains(TUNNEL) {
            return NetError::Proxy { host: host() };
        }
        cause = error.source();
    }
    if error.is_connect() && error.is_timeout() {
        return NetError::ConnectTimeout { host: host(), seconds: connect.as_secs() };
    }
    NetError::Broken { host: host() }
}

/// Finds TLS's own error, which hides within one of I/O, or within one within one.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut here = error;
    loop {
        if let Some(found) = here.downcast_ref() {
            return Some(found);
        }
        here = here.downcast_ref::<io::Error>().and_then(io::Error::get_ref)?;
    }
}

fn tls_fault(error: &rustls::Error) -> TlsFault {
    let rustls::Error::InvalidCertificate(certificate) = error else {
        return TlsFault::Handshake;
    };
    match certificate {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => TlsFault::Expired,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsFault::WrongHost
        }
        _ => TlsFault::Untrusted,
    }
}
