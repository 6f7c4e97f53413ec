select  id,
  '${who}' as who
 from t
