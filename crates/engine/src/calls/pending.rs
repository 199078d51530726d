use crate::{Engine, api::*};

impl Engine {
    pub(crate) async fn settings(&self, _: SettingsQuery) -> Result<Settings, ApiError> {
        Err(ApiError::internal("pending"))
    }
    pub(crate) async fn configure(&self, _: Configure) -> Result<Settings, ApiError> {
        Err(ApiError::internal("pending"))
    }
    pub(crate) async fn activity(&self, _: ActivityQuery) -> Result<Activity, ApiError> {
        Err(ApiError::internal("pending"))
    }
    pub(crate) async fn rules(&self, _: RulesQuery) -> Result<Vec<RuleInfo>, ApiError> {
        Err(ApiError::internal("pending"))
    }
    pub(crate) async fn services(&self, _: ServicesQuery) -> Result<Vec<ServiceInfo>, ApiError> {
        Err(ApiError::internal("pending"))
    }
    pub(crate) async fn add_account(&self, _: AddAccount) -> Result<AccountInfo, ApiError> {
        Err(ApiError::internal("pending"))
    }
    pub(crate) async fn edit_account(&self, _: EditAccount) -> Result<AccountInfo, ApiError> {
        Err(ApiError::internal("pending"))
    }
    pub(crate) async fn set_secret(&self, _: SetSecret) -> Result<AccountInfo, ApiError> {
        Err(ApiError::internal("pending"))
    }
    pub(crate) async fn remove_account(&self, _: RemoveAccount) -> Result<(), ApiError> {
        Err(ApiError::internal("pending"))
    }
}
