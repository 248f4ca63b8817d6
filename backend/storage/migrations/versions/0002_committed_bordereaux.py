"""Bordereaux may be committed: the hash of the leaf file.

Revision: 0002
Before: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("ledger_bordereaux") as batch_op:
        batch_op.add_column(sa.Column("leaf_file_hash", sa.String(length=66), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("ledger_bordereaux") as batch_op:
        batch_op.drop_column("leaf_file_hash")
