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
    PostGone,
    PostsRegistered,
    RunEnded,
    SnapshotsStored,
)
from afterpost.domain.metrics import CANONICAL, CUMULATIVE, Kind
from afterpost.domain.readings import Reading
from afterpost.domain.scope import Actor, Scope
from afterpost.domain.windows import Window
from afterpost.sdk.access import AccessPolicy, Action
from afterpost.sdk.capabilities import CONTRACT_VERSION, Capabilities, MetricSpec, RateLimit
from afterpost.sdk.context import PluginContext
from afterpost.sdk.credentials import Credential, CredentialField, Secret
from afterpost.sdk.formats import FileContext, FileFormat, FileRecord, LineError
from afterpost.sdk.guard import Act, ActKind, Deny, Guard, Hold, Pass, Settlement, Verdict
from afterpost.sdk.markers import hookimpl
from afterpost.sdk.migrations import Migrations
from afterpost.sdk.observer import Delivery, Observer
from afterpost.sdk.panel import Panel, Slot
from afterpost.sdk.provider import (
    AccountProfile,
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

__all__ = [
    "CANONICAL",
    "CONTRACT_VERSION",
    "CUMULATIVE",
    "AccessPolicy",
    "AccountConnected",
    "AccountDisconnected",
    "AccountProfile",
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
    "CollectionSchedule",
    "Column",
    "Credential",
    "CredentialField",
    "DataClass",
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
    "Measured",
    "MetricSpec",
    "Migrations",
    "Observer",
    "OrganizationCreated",
    "Outcome",
    "OwnTables",
    "Page",
    "Panel",
    "Pass",
    "PerformanceSynced",
    "PluginContext",
    "PostGone",
    "PostInfo",
    "PostsRegistered",
    "Provider",
    "ProviderError",
    "RateLimit",
    "Reading",
    "Reads",
    "RetentionPolicy",
    "RunEnded",
    "ScheduledPost",
    "Scope",
    "Secret",
    "Settlement",
    "SignInOption",
    "Slot",
    "SnapshotsStored",
    "TenantPolicy",
    "Transaction",
    "Unauthenticated",
    "UnitOfWork",
    "Verdict",
    "Window",
    "hookimpl",
]
