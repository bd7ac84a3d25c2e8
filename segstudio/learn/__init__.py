"""Networks, batches, training and prediction."""
