"""What an applicant says and shows before cover: questionnaire answers and proofs of control."""
