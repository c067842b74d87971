"""Moto with the behaviour of AWS that it lacks; run as `python -m local_aws.moto PORT`."""
