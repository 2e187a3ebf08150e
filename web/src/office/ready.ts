// The forms that are there from the start come in English; here they speak the reader's language. What
// people wrote themselves stays as it is.
import { t, type TextKey } from '../i18n/text';

const READY: Record<string, TextKey> = {
  Leave: 'readyLeave',
  'Days off; your manager decides.': 'readyLeaveAbout',
  'Kind of leave': 'readyKind',
  Holiday: 'readyHoliday',
  'Sick leave': 'readySick',
  'Parental leave': 'readyParental',
  'Unpaid leave': 'readyUnpaid',
  Other: 'readyOther',
  'First day': 'firstDay',
  'Last day': 'lastDay',
  'Working days': 'readyDays',
  Reason: 'readyReason',
  Expense: 'readyExpense',
  'Money spent for the company; over 1,000 the next manager decides too.': 'readyExpenseAbout',
  'What it was for': 'readyPurpose',
  Amount: 'readyAmount',
  Day: 'readyDay',
  Category: 'readyCategory',
  Travel: 'readyTravel',
  Meals: 'readyMeals',
  Equipment: 'readyEquipment',
  Software: 'readySoftware',
  Training: 'readyTraining',
  'Link to the receipt': 'readyReceiptLink',
  Receipts: 'readyReceipts',
};

export function ready(text: string): string {
  const key = READY[text];
  return key === undefined ? text : t(key);
}
