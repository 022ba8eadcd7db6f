"""The resource types that moto's CloudFormation lacks.

Each is made by the call to moto's own API that CloudFormation would make; boto3
checks the call against AWS's model of that API, so a property of a wrong name
or type fails the stack. What moto has no API for fails it too.
"""

import json
import os

import boto3
import botocore.exceptions
import botocore.validate
from moto.core.common_models import CloudFormationModel

REGION = "us-east-1"


def api(service):
    return boto3.client(service, endpoint_url=f"http://127.0.0.1:{os.environ['MOTO_PORT']}", region_name=REGION, aws_access_key_id="any", aws_secret_access_key="thing")


def call(service, operation, **parameters):
    """Makes a call. CloudFormation takes numbers for strings and the other way
    round; the call's model says which it is."""
    client = api(service)
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation])
    return getattr(client, operation)(**shaped(parameters, model.input_shape))


def shaped(value, shape):
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        return {name: shaped(v, shape.members[name]) if name in shape.members else v for name, v in value.items()}
    if kind == "map" and isinstance(value, dict):
        return {name: shaped(v, shape.value) for name, v in value.items()}
    if kind == "list" and isinstance(value, list):
        return [shaped(v, shape.member) for v in value]
    if kind in ("integer", "long") and isinstance(value, str):
        return int(value)
    if kind in ("float", "double"):
        return float(value)
    if kind == "boolean" and isinstance(value, str):
        return {"true": True, "false": False}[value]
    if kind == "string":
        return text(value)
    return value


def text(value):
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value)


def lower(value):
    """Properties as those APIs spell them that begin members in lower case."""
    if isinstance(value, dict):
        return {name[0].lower() + name[1:]: lower(v) for name, v in value.items()}
    if isinstance(value, list):
        return [lower(v) for v in value]
    return value


class Taught:
    """A resource made by a call: its type, and what makes and deletes it. moto
    finds what derives from CloudFormationModel itself."""

    type = None

    def __init__(self, physical_id, attributes):
        self.physical_resource_id = physical_id
        self.attributes = attributes

    @classmethod
    def cloudformation_type(cls):
        return cls.type

    @staticmethod
    def cloudformation_name_type():
        return ""

    @classmethod
    def has_cfn_attr(cls, attr):
        return True  # one that is not there fails as it is read

    def get_cfn_attribute(self, name):
        return self.attributes[name]

    def is_created(self):
        return True

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **_):
        made = cls.create(resource_name, **cloudformation_json["Properties"])
        return cls(*made) if isinstance(made, tuple) else cls(made, {})

    @classmethod
    def delete_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name):
        cls.destroy(resource_name, **cloudformation_json["Properties"])

    @staticmethod
    def create(name, **properties):
        """Returns what Ref is, and maybe attributes by name."""
        raise NotImplementedError

    @staticmethod
    def destroy(physical_id, **properties):
        """Nothing to do where the thing goes with what it belongs to."""


class Subscription(Taught, CloudFormationModel):
    type = "AWS::SNS::Subscription"

    @staticmethod
    def create(name, TopicArn, Protocol, Endpoint, **attributes):
        attributes = {name: text(value) for name, value in attributes.items()}
        return call("sns", "subscribe", TopicArn=TopicArn, Protocol=Protocol, Endpoint=Endpoint, Attributes=attributes, ReturnSubscriptionArn=True)["SubscriptionArn"]

    @staticmethod
    def destroy(physical_id, **_):
        call("sns", "unsubscribe", SubscriptionArn=physical_id)


class TopicPolicy(Taught, CloudFormationModel):
    type = "AWS::SNS::TopicPolicy"

    @staticmethod
    def create(name, Topics, PolicyDocument):
        for topic in Topics:
            call("sns", "set_topic_attributes", TopicArn=topic, AttributeName="Policy", AttributeValue=text(PolicyDocument))
        return name


class TracingPolicy(Taught, CloudFormationModel):
    """moto's X-Ray keeps no policies: the call is held against AWS's model of it,
    and the policy must be JSON."""

    type = "AWS::XRay::ResourcePolicy"

    @staticmethod
    def create(name, PolicyName, PolicyDocument):
        model = api("xray").meta.service_model.operation_model("PutResourcePolicy")
        report = botocore.validate.ParamValidator().validate({"PolicyName": PolicyName, "PolicyDocument": PolicyDocument}, model.input_shape)
        if report.has_errors():
            raise ValueError(report.generate_report())
        json.loads(PolicyDocument)
        return PolicyName


class QueuePolicy(Taught, CloudFormationModel):
    type = "AWS::SQS::QueuePolicy"

    @staticmethod
    def create(name, Queues, PolicyDocument):
        for queue in Queues:
            call("sqs", "set_queue_attributes", QueueUrl=queue, Attributes={"Policy": text(PolicyDocument)})
        return name


class BucketPolicy(Taught, CloudFormationModel):
    type = "AWS::S3::BucketPolicy"

    @staticmethod
    def create(name, Bucket, PolicyDocument):
        call("s3", "put_bucket_policy", Bucket=Bucket, Policy=PolicyDocument)
        return Bucket


class Api(Taught, CloudFormationModel):
    type = "AWS::ApiGatewayV2::Api"

    @staticmethod
    def create(name, Body, **properties):
        # moto has no ImportApi, but ReimportApi.
        made = call("apigatewayv2", "create_api", Name=Body["info"]["title"], ProtocolType="HTTP")
        call("apigatewayv2", "reimport_api", ApiId=made["ApiId"], Body=Body, **{k: v for k, v in properties.items() if k == "FailOnWarnings"})
        return made["ApiId"], {"ApiId": made["ApiId"], "ApiEndpoint": made["ApiEndpoint"]}

    @staticmethod
    def destroy(physical_id, **_):
        call("apigatewayv2", "delete_api", ApiId=physical_id)


class Stage(Taught, CloudFormationModel):
    type = "AWS::ApiGatewayV2::Stage"

    @staticmethod
    def create(name, **properties):
        return call("apigatewayv2", "create_stage", **properties)["StageName"]


class Schedule(Taught, CloudFormationModel):
    type = "AWS::Scheduler::Schedule"

    @staticmethod
    def create(name, **properties):
        made = call("scheduler", "create_schedule", **{"Name": name, **properties})
        return properties.get("Name", name), {"Arn": made["ScheduleArn"]}

    @staticmethod
    def destroy(physical_id, **_):
        call("scheduler", "delete_schedule", Name=physical_id)


class Alarm(Taught, CloudFormationModel):
    type = "AWS::CloudWatch::Alarm"

    @staticmethod
    def create(name, **properties):
        properties = {"AlarmName": name, **properties}
        call("cloudwatch", "put_metric_alarm", **properties)
        return properties["AlarmName"], {"Arn": f"arn:aws:cloudwatch:{REGION}:123456789012:alarm:{properties['AlarmName']}"}

    @staticmethod
    def destroy(physical_id, **_):
        call("cloudwatch", "delete_alarms", AlarmNames=[physical_id])


class CompositeAlarm(Taught, CloudFormationModel):
    type = "AWS::CloudWatch::CompositeAlarm"

    @staticmethod
    def create(name, **properties):
        properties = {"AlarmName": name, **properties}
        call("cloudwatch", "put_composite_alarm", **properties)
        return properties["AlarmName"], {"Arn": f"arn:aws:cloudwatch:{REGION}:123456789012:alarm:{properties['AlarmName']}"}

    @staticmethod
    def destroy(physical_id, **_):
        call("cloudwatch", "delete_alarms", AlarmNames=[physical_id])


class MetricFilter(Taught, CloudFormationModel):
    type = "AWS::Logs::MetricFilter"

    @staticmethod
    def create(name, LogGroupName, FilterPattern, MetricTransformations, FilterName=None, **_):
        call("logs", "put_metric_filter", logGroupName=LogGroupName, filterName=FilterName or name, filterPattern=FilterPattern, metricTransformations=lower(MetricTransformations))
        return FilterName or name


class FunctionAlias(Taught, CloudFormationModel):
    type = "AWS::Lambda::Alias"

    @staticmethod
    def create(name, **properties):
        made = call("lambda", "create_alias", **{k: v for k, v in properties.items() if k in ("FunctionName", "Name", "FunctionVersion", "Description")})
        return made["AliasArn"], {"AliasArn": made["AliasArn"]}


class CodeDeployApplication(Taught, CloudFormationModel):
    type = "AWS::CodeDeploy::Application"

    @staticmethod
    def create(name, ApplicationName=None, ComputePlatform="Server", **_):
        call("codedeploy", "create_application", applicationName=ApplicationName or name, computePlatform=ComputePlatform)
        return ApplicationName or name


class DeploymentGroup(Taught, CloudFormationModel):
    type = "AWS::CodeDeploy::DeploymentGroup"

    @staticmethod
    def create(name, DeploymentGroupName=None, **properties):
        call("codedeploy", "create_deployment_group", deploymentGroupName=DeploymentGroupName or name, **lower(properties))
        return DeploymentGroupName or name


class Machine(Taught, CloudFormationModel):
    """moto knows the type, but no definition in S3, substitution or logging."""

    type = "AWS::StepFunctions::StateMachine"

    @staticmethod
    def create(name, RoleArn, StateMachineName=None, StateMachineType="STANDARD", Definition=None, DefinitionS3Location=None, DefinitionSubstitutions={}, LoggingConfiguration=None, **more):
        if DefinitionS3Location:
            definition = api("s3").get_object(Bucket=DefinitionS3Location["Bucket"], Key=DefinitionS3Location["Key"])["Body"].read().decode()
        else:
            definition = json.dumps(Definition)
        for variable, value in DefinitionSubstitutions.items():
            definition = definition.replace("${" + variable + "}", str(value))
        more.pop("Tags", None)
        optional = {k: v for k, v in lower({"LoggingConfiguration": LoggingConfiguration, **more}).items() if v}
        arn = call("stepfunctions", "create_state_machine", name=StateMachineName or name, type=StateMachineType, definition=definition, roleArn=RoleArn, **optional)["stateMachineArn"]
        return arn, {"Arn": arn, "Name": StateMachineName or name, "StateMachineRevisionId": "1"}

    @staticmethod
    def destroy(physical_id, **_):
        call("stepfunctions", "delete_state_machine", stateMachineArn=physical_id)


class Function(Taught, CloudFormationModel):
    """moto knows the type, and drops half of its properties."""

    type = "AWS::Lambda::Function"

    @staticmethod
    def create(name, FunctionName=None, Tags=(), ReservedConcurrentExecutions=None, KmsKeyArn=None, **properties):
        if KmsKeyArn:
            properties["KMSKeyArn"] = KmsKeyArn
        made = call("lambda", "create_function", FunctionName=FunctionName or name, Tags={t["Key"]: t["Value"] for t in Tags}, **properties)
        if ReservedConcurrentExecutions is not None:
            call("lambda", "put_function_concurrency", FunctionName=made["FunctionName"], ReservedConcurrentExecutions=ReservedConcurrentExecutions)
        return made["FunctionName"], {"Arn": made["FunctionArn"]}

    @staticmethod
    def destroy(physical_id, **_):
        call("lambda", "delete_function", FunctionName=physical_id)


class EventSourceMapping(Taught, CloudFormationModel):
    """As Function."""

    type = "AWS::Lambda::EventSourceMapping"

    @staticmethod
    def create(name, **properties):
        properties.pop("Tags", None)
        return call("lambda", "create_event_source_mapping", **properties)["UUID"]

    @staticmethod
    def destroy(physical_id, **_):
        call("lambda", "delete_event_source_mapping", UUID=physical_id)


class Queue(Taught, CloudFormationModel):
    """As Function."""

    type = "AWS::SQS::Queue"

    @staticmethod
    def create(name, QueueName=None, Tags=(), **attributes):
        url = call("sqs", "create_queue", QueueName=QueueName or name, Attributes={k: text(v) for k, v in attributes.items()}, tags={t["Key"]: t["Value"] for t in Tags})["QueueUrl"]
        arn = call("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        return url, {"Arn": arn, "QueueName": QueueName or name, "QueueUrl": url}

    @staticmethod
    def destroy(physical_id, **_):
        call("sqs", "delete_queue", QueueUrl=physical_id)


class Topic(Taught, CloudFormationModel):
    """As Function."""

    type = "AWS::SNS::Topic"

    @staticmethod
    def create(name, TopicName=None, Tags=(), Subscription=(), **attributes):
        arn = call("sns", "create_topic", Name=TopicName or name, Attributes={k: text(v) for k, v in attributes.items()}, Tags=list(Tags))["TopicArn"]
        for subscription in Subscription:
            call("sns", "subscribe", TopicArn=arn, **subscription)
        return arn, {"TopicArn": arn, "TopicName": TopicName or name}

    @staticmethod
    def destroy(physical_id, **_):
        call("sns", "delete_topic", TopicArn=physical_id)


class Table(Taught, CloudFormationModel):
    """As Function. CloudFormation calls encryption SSEEnabled, the API Enabled."""

    type = "AWS::DynamoDB::Table"

    @staticmethod
    def create(name, TableName=None, SSESpecification=None, TimeToLiveSpecification=None, PointInTimeRecoverySpecification=None, **properties):
        if SSESpecification:
            properties["SSESpecification"] = {"Enabled" if k == "SSEEnabled" else k: v for k, v in SSESpecification.items()}
        table = TableName or name
        arn = call("dynamodb", "create_table", TableName=table, **properties)["TableDescription"]["TableArn"]
        if TimeToLiveSpecification:
            call("dynamodb", "update_time_to_live", TableName=table, TimeToLiveSpecification=TimeToLiveSpecification)
        if PointInTimeRecoverySpecification:
            call("dynamodb", "update_continuous_backups", TableName=table, PointInTimeRecoverySpecification=PointInTimeRecoverySpecification)
        return table, {"Arn": arn}

    @staticmethod
    def destroy(physical_id, **_):
        call("dynamodb", "delete_table", TableName=physical_id)


class Bucket(Taught, CloudFormationModel):
    """As Function."""

    type = "AWS::S3::Bucket"

    @staticmethod
    def create(name, BucketName=None, BucketEncryption=None, PublicAccessBlockConfiguration=None, OwnershipControls=None, VersioningConfiguration=None, LifecycleConfiguration=None, Tags=None):
        bucket = BucketName or name.lower()
        call("s3", "create_bucket", Bucket=bucket)
        if BucketEncryption:
            (rule,) = BucketEncryption["ServerSideEncryptionConfiguration"]
            default = {"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"], **{k: v for k, v in rule.items() if k == "BucketKeyEnabled"}}
            call("s3", "put_bucket_encryption", Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [default]})
        if PublicAccessBlockConfiguration:
            call("s3", "put_public_access_block", Bucket=bucket, PublicAccessBlockConfiguration=PublicAccessBlockConfiguration)
        if OwnershipControls:
            call("s3", "put_bucket_ownership_controls", Bucket=bucket, OwnershipControls=OwnershipControls)
        if VersioningConfiguration:
            call("s3", "put_bucket_versioning", Bucket=bucket, VersioningConfiguration=VersioningConfiguration)
        if LifecycleConfiguration:
            call("s3", "put_bucket_lifecycle_configuration", Bucket=bucket, LifecycleConfiguration={"Rules": [lifecycle(r) for r in LifecycleConfiguration["Rules"]]})
        if Tags:
            call("s3", "put_bucket_tagging", Bucket=bucket, Tagging={"TagSet": Tags})
        return bucket, {"Arn": f"arn:aws:s3:::{bucket}", "DomainName": f"{bucket}.s3.amazonaws.com"}

    @staticmethod
    def destroy(physical_id, **_):
        call("s3", "delete_bucket", Bucket=physical_id)


def lifecycle(rule):
    """A rule in the words of the API."""
    rule = dict(rule)
    api = {"Status": rule.pop("Status"), "Filter": {"Prefix": rule.pop("Prefix", "")}}
    if "Id" in rule:
        api["ID"] = rule.pop("Id")
    if "ExpirationInDays" in rule:
        api["Expiration"] = {"Days": rule.pop("ExpirationInDays")}
    if "Transitions" in rule:
        api["Transitions"] = [{"Days": t["TransitionInDays"], "StorageClass": t["StorageClass"]} for t in rule.pop("Transitions")]
    if "NoncurrentVersionExpiration" in rule:
        api["NoncurrentVersionExpiration"] = rule.pop("NoncurrentVersionExpiration")
    if "NoncurrentVersionExpirationInDays" in rule:
        api["NoncurrentVersionExpiration"] = {"NoncurrentDays": rule.pop("NoncurrentVersionExpirationInDays")}
    if "AbortIncompleteMultipartUpload" in rule:
        api["AbortIncompleteMultipartUpload"] = rule.pop("AbortIncompleteMultipartUpload")
    if rule:
        raise ValueError(f"a lifecycle rule's {', '.join(rule)} is not known here")
    return api


class Role(Taught, CloudFormationModel):
    """moto keeps the documents of one from a stack as Python prints them."""

    type = "AWS::IAM::Role"

    @staticmethod
    def create(name, AssumeRolePolicyDocument, RoleName=None, Policies=(), ManagedPolicyArns=(), **properties):
        role = RoleName or name
        arn = call("iam", "create_role", RoleName=role, AssumeRolePolicyDocument=AssumeRolePolicyDocument, **properties)["Role"]["Arn"]
        for policy in Policies:
            call("iam", "put_role_policy", RoleName=role, **policy)
        for policy in ManagedPolicyArns:
            call("iam", "attach_role_policy", RoleName=role, PolicyArn=policy)
        return role, {"Arn": arn}

    @staticmethod
    def destroy(physical_id, Policies=(), ManagedPolicyArns=(), **_):
        for policy in Policies:
            call("iam", "delete_role_policy", RoleName=physical_id, PolicyName=policy["PolicyName"])
        for policy in ManagedPolicyArns:
            call("iam", "detach_role_policy", RoleName=physical_id, PolicyArn=policy)
        call("iam", "delete_role", RoleName=physical_id)


class FunctionVersion(Taught, CloudFormationModel):
    """moto knows the type, and not its attributes."""

    type = "AWS::Lambda::Version"

    @staticmethod
    def create(name, FunctionName, **properties):
        made = call("lambda", "publish_version", FunctionName=FunctionName, **{k: v for k, v in properties.items() if k in ("CodeSha256", "Description")})
        return made["FunctionArn"], {"FunctionArn": made["FunctionArn"], "Version": made["Version"]}


class MachineVersion(Taught, CloudFormationModel):
    type = "AWS::StepFunctions::StateMachineVersion"

    @staticmethod
    def create(name, StateMachineArn=None, StateMachineRevisionId=None, Description=None):
        # moto has no PublishStateMachineVersion, but an update that publishes.
        arn = call("stepfunctions", "update_state_machine", stateMachineArn=StateMachineArn, publish=True, **({"versionDescription": Description} if Description else {}))["stateMachineVersionArn"]
        return arn, {"Arn": arn}


class MachineAlias(Taught, CloudFormationModel):
    type = "AWS::StepFunctions::StateMachineAlias"

    @staticmethod
    def create(name, Name=None, Description=None, DeploymentPreference=None, RoutingConfiguration=None):
        # The first version gets all there is, however gradual the next ones come.
        routes = RoutingConfiguration or [{"StateMachineVersionArn": DeploymentPreference["StateMachineVersionArn"], "Weight": 100}]
        arn = call("stepfunctions", "create_state_machine_alias", name=Name or name, routingConfiguration=lower(routes))["stateMachineAliasArn"]
        return arn, {"Arn": arn}

    @staticmethod
    def destroy(physical_id, **_):
        try:
            call("stepfunctions", "delete_state_machine_alias", stateMachineAliasArn=physical_id)
        except botocore.exceptions.ClientError as e:
            if e.response["Error"]["Code"] != "StateMachineDoesNotExist":
                raise
            # moto deletes in an order of its own, and the alias went with the state machine.
