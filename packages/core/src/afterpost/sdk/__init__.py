"""The provider author's whole vocabulary. Import from here and from `afterpost` (hookimpl) alone."""

from afterpost.domain.errors import AfterpostError, ErrorKind, ProviderError, Unauthenticated
from afterpost.domain.events import (
    AccountConnected,
    AccountDisconnected,
    AccountStopped,
    BrandCreated,
    Event,
    OrganizationCreated,
    PerformanceSynced,
    PostEdited,
    PostGone,
    PostsRegistered,
    RunEnded,
    SnapshotsStored,
)
from afterpost.domain.metrics import ACCOUNT_METRICS, CANONICAL, CUMULATIVE, Kind
from afterpost.domain.readings import Reading
from afterpost.domain.scope import Actor, Scope
from afterpost.domain.spend import Operation, Spend
from afterpost.domain.windows import Window
from afterpost.sdk.access import AccessPolicy, Action
from afterpost.sdk.capabilities import (
    CONTRACT_VERSION,
    Capabilities,
    Cost,
    DefinitionChange,
    MetricSpec,
    RateLimit,
    Renewal,
    Terms,
)
from afterpost.sdk.context import PluginContext
from afterpost.sdk.credentials import Credential, CredentialField, Secret
from afterpost.sdk.formats import FileContext, FileFormat, FileRecord, LineError, LineSkipped
from afterpost.sdk.guard import Act, ActKind, Deny, Guard, Hold, Pass, Settlement, Verdict
from afterpost.sdk.markers import hookimpl
from afterpost.sdk.migrations import Migrations
from afterpost.sdk.oauth import CodeGrant, OAuth, OAuthScope
from afterpost.sdk.observer import Delivery, Observer
from afterpost.sdk.panel import Panel, Slot
from afterpost.sdk.provider import (
    AccountProfile,
    AccountReading,
    Call,
    Failed,
    Gone,
    Measured,
    Outcome,
    Page,
    PostInfo,
    Provider,
)
from afterpost.sdk.report import BillingReport, Column, Reads
from afterpost.sdk.retention import DataClass, RetentionPolicy
from afterpost.sdk.schedule import CollectionSchedule, ScheduledPost
from afterpost.sdk.tenancy import Caller, Door, SignInOption, TenantPolicy
from afterpost.sdk.transaction import OwnTables, Transaction, UnitOfWork
from afterpost.sdk.waits import next_midnight, reset_at, retry_after

__all__ = [
    "ACCOUNT_METRICS",
    "CANONICAL",
    "CONTRACT_VERSION",
    "CUMULATIVE",
    "AccessPolicy",
    "AccountConnected",
    "AccountDisconnected",
    "AccountProfile",
    "AccountReading",
    "AccountStopped",
    "Act",
    "ActKind",
    "Action",
    "Actor",
    "AfterpostError",
    "BillingReport",
    "BrandCreated",
    "Call",
    "Caller",
    "Capabilities",
    "CodeGrant",
    "CollectionSchedule",
    "Column",
    "Cost",
    "Credential",
    "CredentialField",
    "DataClass",
    "DefinitionChange",
    "Delivery",
    "Deny",
    "Door",
    "ErrorKind",
    "Event",
    "Failed",
    "FileContext",
    "FileFormat",
    "FileRecord",
    "Gone",
    "Guard",
    "Hold",
    "Kind",
    "LineError",
    "LineSkipped",
    "Measured",
    "MetricSpec",
    "Migrations",
    "OAuth",
    "OAuthScope",
    "Observer",
    "Operation",
    "OrganizationCreated",
    "Outcome",
    "OwnTables",
    "Page",
    "Panel",
    "Pass",
    "PerformanceSynced",
    "PluginContext",
    "PostEdited",
    "PostGone",
    "PostInfo",
    "PostsRegistered",
    "Provider",
    "ProviderError",
    "RateLimit",
    "Reading",
    "Reads",
    "Renewal",
    "RetentionPolicy",
    "RunEnded",
    "ScheduledPost",
    "Scope",
    "Secret",
    "Settlement",
    "SignInOption",
    "Slot",
    "SnapshotsStored",
    "Spend",
    "TenantPolicy",
    "Terms",
    "Transaction",
    "Unauthenticated",
    "UnitOfWork",
    "Verdict",
    "Window",
    "hookimpl",
    "next_midnight",
    "reset_at",
    "retry_after",
]
