//! Why there is no usable model file.

use crate::chat::Fault;
use crate::chat::FaultKind;

/// Why there is no usable model file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// No file of that name; exit 2.
    #[error("{message}")]
    Missing {
        /// What is missing and where it was looked for.
        message: String,
        /// The command that fetches it, or the nearest names.
        hint: String,
    },
    /// There is a file, and it is no model; exit 1.
    #[error("{message}")]
    Bad {
        /// The file and what is wrong with it.
        message: String,
    },
    /// It could not be fetched; the exit code is the fault's.
    #[error("{0}")]
    Fetch(Fault),
    /// The user stopped it; exit 130.
    #[error("stopped")]
    Stopped,
    /// The name can name no model; exit 2.
    #[error("{message}")]
    Invalid {
        /// What is wrong with the name.
        message: String,
    },
}

impl From<ModelError> for Fault {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Missing { message, hint } => {
                Self::new(message).kind(FaultKind::Usage).hint(hint)
            }
            ModelError::Bad { message } => Self::new(message),
            ModelError::Fetch(fault) => fault,
            ModelError::Stopped => Self::new("stopped"),
            ModelError::Invalid { message } => Self::new(message).kind(FaultKind::Usage),
        }
    }
}
