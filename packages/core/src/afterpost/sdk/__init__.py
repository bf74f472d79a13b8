"""The provider author's whole vocabulary. Import from here and from `afterpost` (hookimpl) alone."""

from afterpost.domain.errors import ErrorKind, ProviderError
from afterpost.domain.events import AccountStopped, Event, PerformanceSynced, PostGone, SnapshotsStored
from afterpost.domain.metrics import CANONICAL, CUMULATIVE, Kind
from afterpost.domain.readings import Reading
from afterpost.domain.scope import Actor, Scope
from afterpost.domain.windows import Window
from afterpost.sdk.access import AccessPolicy, Action
from afterpost.sdk.capabilities import CONTRACT_VERSION, Capabilities, MetricSpec, RateLimit
from afterpost.sdk.context import PluginContext
from afterpost.sdk.credentials import Credential, CredentialField, Secret
from afterpost.sdk.formats import FileContext, FileFormat, FileRecord, LineError
from afterpost.sdk.markers import hookimpl
from afterpost.sdk.migrations import Migrations
from afterpost.sdk.observer import Delivery, Observer
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
from afterpost.sdk.tenancy import Caller, TenantPolicy

__all__ = [
    "CANONICAL",
    "CONTRACT_VERSION",
    "CUMULATIVE",
    "AccessPolicy",
    "AccountProfile",
    "AccountStopped",
    "Action",
    "Actor",
    "BillingReport",
    "Call",
    "Caller",
    "Capabilities",
    "CollectionSchedule",
    "Column",
    "Credential",
    "CredentialField",
    "DataClass",
    "Delivery",
    "ErrorKind",
    "Event",
    "Failed",
    "FileContext",
    "FileFormat",
    "FileRecord",
    "Gone",
    "Kind",
    "LineError",
    "Measured",
    "MetricSpec",
    "Migrations",
    "Observer",
    "Outcome",
    "Page",
    "PerformanceSynced",
    "PluginContext",
    "PostGone",
    "PostInfo",
    "Provider",
    "ProviderError",
    "RateLimit",
    "Reading",
    "Reads",
    "RetentionPolicy",
    "ScheduledPost",
    "Scope",
    "Secret",
    "SnapshotsStored",
    "TenantPolicy",
    "Window",
    "hookimpl",
]
