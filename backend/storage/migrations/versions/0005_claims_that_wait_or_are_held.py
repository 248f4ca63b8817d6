"""Claims that wait for another day, or are held

Revision: 0005
Before: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import backend.storage.types

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("ledger_claims", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("waiting", backend.storage.types.Exact(), nullable=False, server_default="0")
        )
        batch_op.add_column(sa.Column("held_until", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("ledger_claims", schema=None) as batch_op:
        batch_op.alter_column("waiting", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("ledger_claims", schema=None) as batch_op:
        batch_op.drop_column("held_until")
        batch_op.drop_column("waiting")
