"""What people write into their own code, so that a fix lasts: Terraform and CloudFormation that their tools can read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import hcl2
import pytest

FAMILIES = Path(__file__).parents[2] / "shared" / "src" / "families"
TERRAFORM = sorted(FAMILIES.glob("*/permanent/*.tf"))
TEMPLATES = sorted(FAMILIES.glob("*/permanent/*.yaml"))


def test_each_code_is_in_both_languages() -> None:
    assert [it.with_suffix("") for it in TERRAFORM] == [it.with_suffix("") for it in TEMPLATES]
    assert len(TERRAFORM) > 20


@pytest.mark.parametrize("file", TERRAFORM, ids=lambda it: it.stem)
def test_terraform_is_of_its_syntax(file: Path) -> None:
    """By a parser of HCL that is not ours."""
    blocks = hcl2.loads(file.read_text())
    assert blocks.keys() - {"__comments__", "__inline_comments__"} <= {"resource", "data"} and blocks["resource"]
    names = [name.strip('"') for resource in blocks["resource"] for name in resource]
    assert all(name.startswith("aws_") for name in names), names


def test_terraform_that_is_cut_off_is_not_of_its_syntax() -> None:
    with pytest.raises(Exception, match=r"(?i)unexpected|expected"):
        hcl2.loads(TERRAFORM[0].read_text().rstrip().removesuffix("}"))


YOURS = {
    "ROLE_ARN": "arn:aws:iam::111122223333:role/logs",
    "KEY_ARN": "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "TOPIC_ARN": "arn:aws:sns:us-east-1:111122223333:topic",
    "LOG_GROUP_ARN": "arn:aws:logs:us-east-1:111122223333:log-group:logs",
    "TRAIL_ARN": "arn:aws:cloudtrail:us-east-1:111122223333:trail/main",
    "VPC_ID": "vpc-0123456789abcdef0",
    "TARGET_BUCKET": "target-logs",
    "BUCKET": "trail-logs",
    "ACCOUNT": "111122223333",
}


def test_templates_are_what_cloudformation_takes(tmp_path: Path) -> None:
    """By cfn-lint, with the schemas of the resources: each property is one, and of the right type."""
    for file in TEMPLATES:
        text = file.read_text()
        for word, value in YOURS.items():
            text = text.replace(word, value)
        (tmp_path / file.name).write_text(text)
    lint = [str(Path(sys.executable).with_name("cfn-lint")), "--regions", "us-east-1", "--format", "json"]
    # Warnings are about taste.
    lint += ["--ignore-checks", "W", "I", "--", *map(str, sorted(tmp_path.iterdir()))]
    ran = subprocess.run(lint, capture_output=True, text=True, check=False, timeout=300)
    found = [(Path(it["Filename"]).stem, it["Rule"]["Id"], it["Message"]) for it in json.loads(ran.stdout or "[]")]
    assert found == [] and ran.returncode == 0, (found, ran.stderr)
