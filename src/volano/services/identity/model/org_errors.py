"""What AWS Organizations refuses, in its words (API reference, "Errors" of each action)."""

from __future__ import annotations

from volano.kernel.errors import VolanoError


class OrganizationsError(VolanoError):
    status = 400
    words = ""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or self.words)


class NotInUse(OrganizationsError):
    code = "AWSOrganizationsNotInUseException"
    words = "Your account is not a member of an organization."


class AlreadyInOrganization(OrganizationsError):
    code = "AlreadyInOrganizationException"
    words = "The provided account is already a member of an organization."


class NotManagement(OrganizationsError):
    code = "AccessDeniedException"
    words = "You don't have permissions to access this resource."


class InvalidOrgInput(OrganizationsError):
    code = "InvalidInputException"
    words = "You specified an invalid value."


class OrgConstraint(OrganizationsError):
    code = "ConstraintViolationException"


class OrganizationNotEmpty(OrganizationsError):
    code = "OrganizationNotEmptyException"
    words = (
        "To delete an organization you must first remove all member accounts (except the master)."
    )


class ParentNotFound(OrganizationsError):
    code = "ParentNotFoundException"
    words = "You specified parent that doesn't exist."


class ChildNotFound(OrganizationsError):
    code = "ChildNotFoundException"
    words = "You specified a child that doesn't exist."


class RootNotFound(OrganizationsError):
    code = "RootNotFoundException"
    words = "You specified a root that doesn't exist."


class UnitNotFound(OrganizationsError):
    code = "OrganizationalUnitNotFoundException"
    words = "You specified an organizational unit that doesn't exist."


class UnitNotEmpty(OrganizationsError):
    code = "OrganizationalUnitNotEmptyException"
    words = "The organizational unit is not empty: move its accounts and units first."


class DuplicateUnit(OrganizationsError):
    code = "DuplicateOrganizationalUnitException"
    words = "An OU with the same name already exists."


class AccountNotFound(OrganizationsError):
    code = "AccountNotFoundException"
    words = "You specified an account that doesn't exist."


class AccountAlreadyClosed(OrganizationsError):
    code = "AccountAlreadyClosedException"
    words = "The provided account is already closed."


class SourceParentNotFound(OrganizationsError):
    code = "SourceParentNotFoundException"
    words = "You specified a source parent that doesn't exist."


class DestinationParentNotFound(OrganizationsError):
    code = "DestinationParentNotFoundException"
    words = "You specified a destination parent that doesn't exist."


class DuplicateAccount(OrganizationsError):
    code = "DuplicateAccountException"
    words = "That account is already present in the specified destination."


class CannotLeave(OrganizationsError):
    code = "MasterCannotLeaveOrganizationException"
    words = "The management account can't leave the organization; delete the organization instead."


class PolicyNotFound(OrganizationsError):
    code = "PolicyNotFoundException"
    words = "You specified a policy that doesn't exist."


class ResourcePolicyNotFound(OrganizationsError):
    code = "ResourcePolicyNotFoundException"
    words = "We can't find a resource policy request with the parameter that you specified."


class PolicyInUse(OrganizationsError):
    code = "PolicyInUseException"
    words = "The policy is attached to one or more entities: detach it first."


class PolicyNotAttached(OrganizationsError):
    code = "PolicyNotAttachedException"
    words = "The policy isn't attached to the specified target."


class DuplicatePolicy(OrganizationsError):
    code = "DuplicatePolicyException"
    words = "A policy with the same name already exists."


class DuplicateAttachment(OrganizationsError):
    code = "DuplicatePolicyAttachmentException"
    words = "The selected policy is already attached to the specified target."


class MalformedOrgPolicy(OrganizationsError):
    code = "MalformedPolicyDocumentException"
    words = "The provided policy document does not meet the requirements of the policy type."


class TypeAlreadyEnabled(OrganizationsError):
    code = "PolicyTypeAlreadyEnabledException"
    words = "The specified policy type is already enabled."


class TypeNotEnabled(OrganizationsError):
    code = "PolicyTypeNotEnabledException"
    words = "This operation can be performed only for enabled policy types."


class TargetNotFound(OrganizationsError):
    code = "TargetNotFoundException"
    words = "You specified a target that doesn't exist."


class RequestNotFound(OrganizationsError):
    code = "CreateAccountStatusNotFoundException"
    words = "You specified a create account request that doesn't exist."


class HandshakeNotFound(OrganizationsError):
    code = "HandshakeNotFoundException"
    words = "You specified a handshake that doesn't exist."


class HandshakeInState(OrganizationsError):
    code = "HandshakeAlreadyInStateException"
    words = "The handshake is not open any more."


class AccountAlreadyRegistered(OrganizationsError):
    code = "AccountAlreadyRegisteredException"
    words = "The provided account is already a delegated administrator for your organization."


class AccountNotRegistered(OrganizationsError):
    code = "AccountNotRegisteredException"
    words = (
        "The provided account is not a registered delegated administrator for your organization."
    )
