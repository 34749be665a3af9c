-- Which key did it: several may have one name. Null for whoever had none, and for what earlier versions write.
ALTER TABLE history ADD COLUMN key_id uuid;
