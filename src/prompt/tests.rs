mod families;
mod hostile;
mod safety;
