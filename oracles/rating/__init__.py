"""From loss and outage data to a product's rate table: frequency, severity, loadings, report."""
