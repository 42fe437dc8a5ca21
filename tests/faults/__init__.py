"""Which faults can a customer have, and does Secondline name each of them first?"""
