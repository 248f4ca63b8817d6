"""Sessions of wallets that signed in, and holds that the fraud screen asked for.

Revision: 0004
Before: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "wallet_sessions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("wallet", sa.String(length=42), nullable=False),
        sa.Column("secret_hash", sa.String(length=66), nullable=False),
        sa.Column("nonce", sa.String(length=96), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("secret_hash"),
        sa.UniqueConstraint("nonce"),
    )
    op.create_index("ix_wallet_sessions_wallet", "wallet_sessions", ["wallet"])
    op.create_table(
        "hold_requests",
        sa.Column("claim", sa.String(length=66), nullable=False),
        sa.Column("policy", sa.BigInteger(), nullable=False),
        sa.Column("run_start", sa.BigInteger(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("reason_hash", sa.String(length=66), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("claim"),
    )


def downgrade() -> None:
    op.drop_table("hold_requests")
    op.drop_table("wallet_sessions")
